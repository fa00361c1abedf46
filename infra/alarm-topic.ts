import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { Settings } from './settings.ts';

/** ARN of the topic that hears of alarms. One that is made here is not encrypted: CloudWatch may not use the key that AWS manages
 *  for SNS, and what an alarm says is no secret. */
export function alarmTopic(
  scope: Construct,
  { alarmTopicArn, alarmEmail }: Pick<Settings, 'alarmTopicArn' | 'alarmEmail'>,
): string | undefined {
  if (alarmEmail === undefined) return alarmTopicArn;
  const topic = new Topic(scope, 'AlarmTopic', { displayName: 'eks-ip-prewarmer', enforceSSL: true });
  topic.addSubscription(new EmailSubscription(alarmEmail));
  // With a policy of its own a topic no longer has SNS's default, which lets the account's alarms publish.
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: 'AlarmsOfThisAccount',
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  return topic.topicArn;
}
