import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Settings } from './settings.ts';

/** Services that functions in a VPC without a way out call, as their endpoints are called: `com.amazonaws.REGION.NAME`. Their
 *  log events and traces are sent by Lambda itself, from outside; tokens for API servers are signed, not asked for. */
export function endpointsFor(
  { gateEndpoint, clusters }: Pick<Settings, 'gateEndpoint' | 'clusters'>,
  { hooks }: { readonly hooks: boolean },
): readonly string[] {
  const warm = clusters.some(({ mode }) => mode === 'warm');
  return [
    ...['ec2', 'eks', 'sqs', 'ssm'],
    ...(warm ? ['states', 'events'] : []),
    ...(hooks ? ['autoscaling'] : []),
    ...(gateEndpoint === 'secret' ? ['secretsmanager'] : []),
  ];
}

export function tellEndpoints(scope: Construct, interfaces: readonly string[]): void {
  Annotations.of(scope).addInfoV2(
    'eks-ip-prewarmer:vpc-endpoints',
    `The functions run in your VPC. Unless a NAT gateway lets them out, it needs interface endpoints for ${interfaces.join(', ')} ` +
      'and a gateway endpoint for dynamodb; security groups must let HTTPS through.',
  );
}
