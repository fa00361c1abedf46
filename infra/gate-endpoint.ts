import { Annotations, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { FunctionUrlAuthType, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { readGateSecret } from './permissions.ts';
import type { IpPrewarmerProps } from './props.ts';
import { TaskFunction, type TaskFunctionProps } from './task-function.ts';

export interface GateEndpointProps
  extends Omit<TaskFunctionProps, 'name' | 'timeout' | 'reservedConcurrency'> {
  readonly access: NonNullable<IpPrewarmerProps['gateEndpoint']>;
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
  /** `/gate` included. */
  readonly url: string;
  readonly lambda: LambdaFunction;
  /** What callers show, where they do not sign. */
  readonly secret: Secret | undefined;

  constructor(scope: Construct, id: string, { access, ...props }: GateEndpointProps) {
    super(scope, id);
    const secret = access === 'secret' ? this.#secretOf(props.deployment) : undefined;
    this.secret = secret;
    this.lambda = new TaskFunction(this, 'Answer', {
      ...props,
      name: 'answer-gate',
      timeout: TIMEOUT,
      environment: { ...props.environment, ...(secret && { GATE_SECRET: secret.secretArn }) },
      permissions: [...props.permissions, ...(secret ? [readGateSecret(secret.secretArn)] : [])],
      ...(secret && { reservedConcurrency: SECRET_CONCURRENCY }),
    }).lambda;
    const { url } = this.lambda.addFunctionUrl({
      authType: secret ? FunctionUrlAuthType.NONE : FunctionUrlAuthType.AWS_IAM,
    });
    // Lambda's URL ends with a slash.
    this.url = `${url}gate`;
  }

  #secretOf(deployment: string): Secret {
    Annotations.of(this).addWarningV2(
      'eks-ip-prewarmer:gate-endpoint-public',
      'gateEndpoint=secret makes a URL that anybody can call; a secret alone tells callers apart. ' +
        'Where your tools can sign requests, use gateEndpoint=iam (docs/gate-endpoint.md).',
    );
    return new Secret(this, 'Secret', {
      description: `What callers of the gate endpoint of eks-ip-prewarmer for ${deployment} show`,
      // 48 letters and digits: 285 bits, and nothing that a header or YAML would have to quote.
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      // It goes with the URL that it opens.
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
