import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { answered, type Refusal, type Reply, readRequest, refused } from '../adapters/function-url.ts';
import { GateSecret, type Judged } from '../adapters/secrets-manager.ts';
import { askGate } from '../core/gate-answer.ts';
import type { Ports } from '../core/ports.ts';
import { PATIENCE, requestHandler, start } from './wiring.ts';

type GatePorts = Pick<Ports, 'rolloutBook' | 'settings' | 'clock' | 'journal'>;

/** Why somebody is not let in. A stranger learns nothing else, not even whether his path exists. */
const STAYS_OUT: Readonly<Record<Exclude<Judged, 'known'>, Refusal>> = {
  unknown: { status: 401, why: 'not authorized' },
  unreadable: { status: 503, why: 'nobody can be authorized at the moment' },
};

/** The function URL. With a `secret` it counts alone; without one only requests are answered whose signature Lambda checked. */
export const answerGate =
  (ports: GatePorts, secret?: Pick<GateSecret, 'judge'>) =>
  async (event: unknown): Promise<Reply> => {
    const { signed, token, asked } = readRequest(
      event,
      ports.settings.clusters.map((cluster) => cluster.name),
    );
    const caller = secret !== undefined ? await secret.judge(token) : signed ? 'known' : 'unknown';
    if (caller !== 'known') return refused(STAYS_OUT[caller]);
    if ('of' in asked) return answered(await askGate(asked.of, ports), asked);
    const { status, why, logged = why } = asked;
    ports.journal.note('gate request refused', { status, why: logged });
    return refused(asked);
  };

/** Here, because its client would take room in the functions that need no secret. */
function secretOf({ home: { region }, clock, journal }: Ports): GateSecret | undefined {
  const secretId = process.env['GATE_SECRET'];
  if (!secretId) return undefined;
  const looked = { region, requestHandler: requestHandler(PATIENCE.looked), maxAttempts: 2 };
  return new GateSecret(new SecretsManagerClient(looked), secretId, clock, journal);
}

export const handler = start((ports) => answerGate(ports, secretOf(ports)));
