import { Annotations, CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { readGateSecret } from './permissions.ts';
import type { Settings } from './settings.ts';
import { TaskFunction, type TaskFunctionProps } from './task-function.ts';

export interface GateEndpointProps
  extends Pick<TaskFunctionProps, 'bundles' | 'cluster' | 'environment' | 'permissions'> {
  readonly access: NonNullable<Settings['gateEndpoint']>;
}

/** Longer than policy, secret and ledger may take while none of them answers (lambdas/handlers/wiring.ts): the answer is then
 *  the policy's, not a time-out. */
const TIMEOUT = Duration.seconds(20);

/** A URL that the whole internet can call runs no more than this at once. An answer takes tens of milliseconds, so two are some
 *  dozens a second, where a rollout asks every ten seconds or so; and whoever floods it costs dollars a day, not thousands,
 *  and leaves the account's concurrency to the other functions. */
const SECRET_CONCURRENCY = 2;

/** Where other tools ask whether a workload's addresses are there (docs/gate-endpoint.md). */
export class GateEndpoint extends Construct {
  constructor(scope: Construct, id: string, { access, ...props }: GateEndpointProps) {
    super(scope, id);
    const secret = access === 'secret' ? this.#secretOf(props.cluster) : undefined;
    const { lambda } = new TaskFunction(this, 'Answer', {
      ...props,
      name: 'answer-gate',
      timeout: TIMEOUT,
      environment: { ...props.environment, ...(secret && { GATE_SECRET: secret.secretArn }) },
      permissions: [...props.permissions, ...(secret ? [readGateSecret(secret.secretArn)] : [])],
      ...(secret && { reservedConcurrency: SECRET_CONCURRENCY }),
    });
    const { url } = lambda.addFunctionUrl({
      authType: secret ? FunctionUrlAuthType.NONE : FunctionUrlAuthType.AWS_IAM,
    });
    // Lambda's URL ends with a slash.
    output(this, 'GateUrl', `${url}gate`);
    output(this, 'GateFunction', lambda.functionArn);
    if (secret) output(this, 'GateSecret', secret.secretArn);
  }

  #secretOf(cluster: string): Secret {
    Annotations.of(this).addWarningV2(
      'eks-ip-prewarmer:gate-endpoint-public',
      'gateEndpoint=secret makes a URL that anybody can call; a secret alone tells callers apart. ' +
        'Where your tools can sign requests, use gateEndpoint=iam (docs/gate-endpoint.md).',
    );
    return new Secret(this, 'Secret', {
      description: `What callers of the gate endpoint of eks-ip-prewarmer for ${cluster} show`,
      // 48 letters and digits: 285 bits, and nothing that a header or YAML would have to quote.
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}

/** Named as it is read: without the construct's own name before it. */
function output(scope: Construct, name: string, value: string): void {
  new CfnOutput(scope, name, { value }).overrideLogicalId(name);
}
