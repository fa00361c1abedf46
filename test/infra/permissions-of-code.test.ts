/** The rights and the code that needs them are written in two places; here they meet. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { statementsOf, templateOf, WARM } from './synthesized.ts';

const ADAPTERS = join(import.meta.dirname, '../../lambdas/adapters');

/** Where IAM has another name than the client's package and command: a batch is its single, a service has no hyphen. */
const IAM_NAMES: Readonly<Record<string, string>> = {
  'dynamodb:Get': 'dynamodb:GetItem',
  'dynamodb:Put': 'dynamodb:PutItem',
  'dynamodb:Update': 'dynamodb:UpdateItem',
  'dynamodb:Delete': 'dynamodb:DeleteItem',
  'dynamodb:BatchGet': 'dynamodb:BatchGetItem',
  'dynamodb:BatchWrite': 'dynamodb:BatchWriteItem',
  'sqs:SendMessageBatch': 'sqs:SendMessage',
  'sqs:ChangeMessageVisibilityBatch': 'sqs:ChangeMessageVisibility',
  'sfn:StartExecution': 'states:StartExecution',
  'sfn:SendTaskSuccess': 'states:SendTaskSuccess',
  'eventbridge:PutEvents': 'events:PutEvents',
  'secrets-manager:GetSecretValue': 'secretsmanager:GetSecretValue',
  'auto-scaling:CompleteLifecycleAction': 'autoscaling:CompleteLifecycleAction',
};

/** IAM actions of every SDK command and paginator that an adapter imports. */
function actionsOfCode(): Set<string> {
  const actions = new Set<string>();
  for (const file of globSync('*.ts', { cwd: ADAPTERS })) {
    const text = readFileSync(join(ADAPTERS, file), 'utf8');
    for (const [, names = '', service] of text.matchAll(
      /import \{([^}]*)\} from '@aws-sdk\/(?:client|lib)-([\w-]+)'/g,
    ))
      for (const [, paginated, command] of names.matchAll(/\bpaginate([A-Z]\w+)|\b([A-Z]\w+)Command\b/g)) {
        const action = `${service}:${paginated ?? command}`;
        actions.add(IAM_NAMES[action] ?? action);
      }
  }
  return actions;
}

test('warm mode with every option that sends something holds exactly the actions that the adapters send: none is missing, none is there for nothing', () => {
  const held = statementsOf(
    templateOf({ ...WARM, gateEndpoint: 'secret', policy: { launchHook: 'prewarm' } }),
  )
    .filter(({ effect }) => effect === 'Allow')
    .flatMap(({ actions }) => actions)
    .filter((action) =>
      /^(ec2|eks|dynamodb|ssm|states|events|secretsmanager|autoscaling):|^sqs:(SendMessage|ChangeMessageVisibility)$/.test(
        action,
      ),
    )
    // Tags are part of the create request; nobody sends CreateTags.
    .filter((action) => action !== 'ec2:CreateTags');
  expect([...actionsOfCode()].sort()).toEqual([...new Set(held)].sort());
});
