import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  CfnFunction,
  Code,
  Function as LambdaFunction,
  RecursiveLoop,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { enterVpc } from './permissions.ts';
import type { VpcProps } from './props.ts';

export interface TaskFunctionProps {
  /** Name of the file in lambdas/handlers, of the bundle's folder and of the log group's end: `on-signal`. */
  readonly name: string;
  /** Folder with one bundle per function. */
  readonly bundles: string;
  /** The deployment's. */
  readonly deployment: string;
  readonly logRetentionDays: RetentionDays;
  readonly vpc: VpcProps | undefined;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  readonly permissions: readonly PolicyStatement[];
  /** Most that may run at once, taken from the account's concurrency; as many as the account has, unless said. */
  readonly reservedConcurrency?: number;
}

/** One function: its bundle, a role of its own that holds what it needs and no more, and its log group. */
export class TaskFunction extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, props: TaskFunctionProps) {
    super(scope, id);
    const folder = join(props.bundles, props.name);
    if (!existsSync(join(folder, 'index.mjs')))
      throw new Error(`${folder} holds no bundle of ${props.name}: run npm run build first`);

    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/eks-ip-prewarmer/${props.deployment}/${props.name}`,
      retention: props.logRetentionDays,
      // Removing the stack removes it, so that the name is free for the next deployment.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    role.addToPolicy(
      new PolicyStatement({
        sid: 'WriteOwnLogs',
        effect: Effect.ALLOW,
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    for (const statement of props.permissions) role.addToPolicy(statement);
    if (props.vpc !== undefined) role.addToPolicy(enterVpc());

    this.lambda = new LambdaFunction(this, 'Function', {
      description: `eks-ip-prewarmer ${props.name} for ${props.deployment}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(folder),
      memorySize: 512,
      timeout: props.timeout,
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
      environment: { ...props.environment, POWERTOOLS_SERVICE_NAME: props.name },
      logGroup,
      role,
      // The service's own segments only: the tracer package would cost every cold start 39 ms.
      tracing: Tracing.ACTIVE,
      // What must wait goes back on the queue it came from, by design: each message counts its tries, and core gives up.
      // Lambda's own guard would stop the function at the sixteenth round, which a long rollout may reach.
      recursiveLoop: RecursiveLoop.ALLOW,
    });
    // The CDK's own way would take a whole VPC to make a security group in, and give the role an AWS-managed policy.
    const { defaultChild } = this.lambda.node;
    if (props.vpc !== undefined && CfnFunction.isCfnFunction(defaultChild))
      defaultChild.vpcConfig = {
        subnetIds: [...props.vpc.subnetIds],
        securityGroupIds: [...props.vpc.securityGroupIds],
      };
  }
}
