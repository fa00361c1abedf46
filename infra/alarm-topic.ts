import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { Settings } from './settings.ts';

/** ARN of the topic that hears of alarms. */
export function alarmTopic(
  scope: Construct,
  { alarmTopicArn, alarmEmail }: Pick<Settings, 'alarmTopicArn' | 'alarmEmail'>,
): string | undefined {
  if (alarmEmail === undefined) return alarmTopicArn;
  // CloudWatch may not use the key that AWS manages for SNS, and may use this one. It costs a dollar a month (KMS pricing).
  const key = new Key(scope, 'AlarmKey', {
    description: 'Alarms of eks-ip-prewarmer on their way to an e-mail address',
    enableKeyRotation: true,
    // It goes with the topic, whose messages nobody keeps.
    removalPolicy: RemovalPolicy.DESTROY,
    pendingWindow: Duration.days(7),
  });
  // Source: SNS Developer Guide, compatibility between event sources from AWS services and encrypted topics.
  key.addToResourcePolicy(ofAlarms(scope, ['kms:Decrypt', 'kms:GenerateDataKey*'], '*'));
  const topic = new Topic(scope, 'AlarmTopic', {
    displayName: 'eks-ip-prewarmer',
    enforceSSL: true,
    masterKey: key,
  });
  // It goes with the alarms, and the subscription with it.
  topic.applyRemovalPolicy(RemovalPolicy.DESTROY);
  topic.addSubscription(new EmailSubscription(alarmEmail));
  // With a policy of its own a topic no longer has SNS's default, which lets the account's alarms publish.
  topic.addToResourcePolicy(ofAlarms(scope, ['sns:Publish'], topic.topicArn));
  return topic.topicArn;
}

const ofAlarms = (scope: Construct, actions: string[], resource: string): PolicyStatement =>
  new PolicyStatement({
    sid: 'AlarmsOfThisAccount',
    principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
    actions,
    resources: [resource],
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  });
