import { RemovalPolicy } from 'aws-cdk-lib';
import { ParameterTier, StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { Settings } from './settings.ts';

/**
 * The policy, where an operator changes it without a deployment: running functions have it within seconds. CloudFormation
 * compares a template with the template before, not with the world, and so writes this value only when the settings say
 * something else than at the last deployment. Then an operator's change, a thrown kill switch too, is overwritten.
 */
export class LivePolicy extends Construct {
  readonly parameter: StringParameter;

  constructor(scope: Construct, id: string, { name, policy }: Pick<Settings, 'name' | 'policy'>) {
    super(scope, id);
    this.parameter = new StringParameter(this, 'Parameter', {
      parameterName: `/eks-ip-prewarmer/${name}/policy`,
      description: `Policy of eks-ip-prewarmer for ${name}. {"stopped": true} stops all changes in EC2 within seconds`,
      stringValue: JSON.stringify(policy),
      tier: ParameterTier.STANDARD,
    });
    // It goes with the stack, so that its name is free again: keep a copy of what an operator wrote.
    this.parameter.applyRemovalPolicy(RemovalPolicy.DESTROY);
  }
}
