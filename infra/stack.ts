import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { IpPrewarmer } from './ip-prewarmer.ts';
import type { IpPrewarmerProps } from './props.ts';

export interface PrewarmerStackProps extends StackProps {
  readonly prewarmer: IpPrewarmerProps;
}

/** The prewarmer as a stack of its own, with what its operators need to know as outputs. */
export class PrewarmerStack extends Stack {
  readonly prewarmer: IpPrewarmer;

  constructor(scope: Construct, id: string, { prewarmer: props, ...stackProps }: PrewarmerStackProps) {
    super(scope, id, stackProps);
    // Of the construct called so no logical id takes note: they are those of a stack without it.
    const prewarmer = new IpPrewarmer(this, 'Default', props);
    this.prewarmer = prewarmer;
    const { queues, tables, gateEndpoint } = prewarmer;
    const outputs = {
      RolloutMachine: prewarmer.rolloutMachine?.stateMachineArn,
      GateUrl: gateEndpoint?.url,
      GateFunction: gateEndpoint?.lambda.functionArn,
      GateSecret: gateEndpoint?.secret?.secretArn,
      OnSignalFunction: prewarmer.onSignal.functionName,
      SignalQueue: queues.signals.queue.queueName,
      DeadLettersLaunches: queues.launches.deadLetters.queueName,
      DeadLettersSignals: queues.signals.deadLetters.queueName,
      DeadLettersVerifications: queues.verifications.deadLetters.queueName,
      LedgerTable: tables.ledger.tableName,
      PolicyParameter: prewarmer.policyParameter.parameterName,
      BudgetTable: tables.budget.tableName,
    };
    for (const [name, value] of Object.entries(outputs))
      if (value !== undefined) new CfnOutput(this, name, { value });
  }
}
