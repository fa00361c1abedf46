/** What is refused when a definition is read or taken from a template, and in which words. */
import { expect, test } from 'vitest';
import { readDefinition } from '../../sim/asl/definition.ts';
import { definitionIn } from '../../sim/asl/template.ts';

/** A machine with nothing wrong. */
const perfect = {
  QueryLanguage: 'JSONata',
  StartAt: 'Call',
  States: {
    Call: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Arguments: { FunctionName: 'f', Payload: '{% $states.input %}' },
      Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 2, MaxDelaySeconds: 20 }],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'End' }],
      Assign: { seen: true },
      Next: 'Each',
    },
    Each: {
      Type: 'Map',
      ItemProcessor: { StartAt: 'Rest', States: { Rest: { Type: 'Wait', Seconds: 1, End: true } } },
      Next: 'End',
    },
    End: { Type: 'Succeed' },
  },
};

/** It, with `value` put at `path`; undefined removes. */
function but(path: string, value: unknown): unknown {
  const copy = structuredClone(perfect) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const holder = keys.reduce((node, key) => node[key] as Record<string, unknown>, copy);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return copy;
}

test('nothing is wrong with the perfect machine', () => {
  expect(readDefinition(perfect)).toEqual(perfect);
});

const JSONPATH = 'a JSONata field (JSONPath is not known to this interpreter)';

test.each([
  ['States.Call.InputPath', '$.x', `States.Call.InputPath: expected ${JSONPATH}, got "$.x"`],
  ['States.Call.Parameters', {}, `States.Call.Parameters: expected ${JSONPATH}, got {}`],
  ['QueryLanguage', 'JSONPath', 'QueryLanguage: expected JSONata (JSONPath is not known'],
  [
    'QueryLanguage',
    undefined,
    'States.Call.QueryLanguage: expected JSONata, here or at the top, got nothing',
  ],
  ['States.End.Type', 'Sleep', 'States.End.Type: expected one of Task, Pass, Wait'],
  ['States.Each.ItemReader', {}, 'States.Each.ItemReader: expected a field this interpreter knows, got {}'],
  ['States.Each.ItemBatcher', {}, 'States.Each.ItemBatcher: expected a distributed Map'],
  ['States.Each.MaxConcurrency', -1, 'States.Each.MaxConcurrency: expected a whole number from 0'],
  [
    'States.Each.ItemProcessor.States.Rest.Type',
    'Nap',
    'States.Each.ItemProcessor.States.Rest.Type: expected one',
  ],
  [
    'States.Each.ItemProcessor.States.Rest.Next',
    'End',
    'States.Each.ItemProcessor.States.Rest.Next: expected a state of the same flow',
  ],
  [
    'States.Call.Resource',
    'arn:aws:lambda:eu-central-1:1:function:f',
    'States.Call.Resource: expected arn:aws:states',
  ],
  ['States.Call.Next', 'Nowhere', 'States.Call.Next: expected a state of the same flow, got "Nowhere"'],
  ['States.Call.End', true, 'States.Call: expected either Next or End'],
  ['States.Call.Arguments', '{% $states. %}', 'States.Call.Arguments: expected JSONata that parses'],
  ['States.Call.Arguments', ' {% 1 %}', 'States.Call.Arguments: expected no space outside {% %}'],
  [
    'States.Call.Assign',
    { states: 1 },
    'States.Call.Assign.states: expected a variable name, at most 80 characters, not states',
  ],
  [
    'States.Call.Retry.0.ErrorEquals',
    ['States.ALL', 'X'],
    'States.Call.Retry.0.ErrorEquals: expected States.ALL alone',
  ],
  [
    'States.Call.Retry.0.JitterStrategy',
    'HALF',
    'States.Call.Retry.0.JitterStrategy: expected FULL or NONE, got "HALF"',
  ],
  [
    'States.Call.Retry.0.MaxDelaySeconds',
    2,
    'States.Call.Retry.0.MaxDelaySeconds: expected more than IntervalSeconds (2)',
  ],
  ['States.Call.HeartbeatSeconds', 5, 'States.Call.HeartbeatSeconds: expected a .waitForTaskToken task'],
  [
    'States.Each.ItemProcessor.States.Rest.Assign',
    { seen: 1 },
    'States.Each.ItemProcessor.States.Rest.Assign: expected no variable of an outer flow, got "seen"',
  ],
  ['StartAt', 'Begin', 'StartAt: expected a state, got "Begin"'],
])('%s = %j is refused', (path, value, complaint) => {
  expect(() => readDefinition(but(path, value))).toThrow(complaint);
});

const templateWith = (Properties: object): object => ({
  Resources: { Machine: { Type: 'AWS::StepFunctions::StateMachine', Properties } },
});
const names: Record<string, string> = { Table: 'table', 'Fn.Arn': 'arn:fn', 'AWS::Region': 'R' };
const known = (id: string, attribute?: string) => names[attribute ? `${id}.${attribute}` : id];

/** `${name}`, as CloudFormation writes it. */
const hole = (name: string): string => `\${${name}}`;

test('Join, Ref, GetAtt and Sub in a DefinitionString become what the resolver knows', () => {
  const DefinitionString = {
    'Fn::Join': [
      '',
      [
        '{"ref":"',
        { Ref: 'Table' },
        '","att":"',
        { 'Fn::GetAtt': ['Fn', 'Arn'] },
        '","sub":"',
        {
          'Fn::Sub': [
            ['AWS::Region', 'Fn.Arn', 'own', '!kept'].map(hole).join('/'),
            { own: { Ref: 'Table' } },
          ],
        },
        '","partition":"',
        { Ref: 'AWS::Partition' },
        '"}',
      ],
    ],
  };
  expect(definitionIn(templateWith({ DefinitionString }), known)).toEqual({
    ref: 'table',
    att: 'arn:fn',
    sub: `R/arn:fn/table/${hole('kept')}`,
    partition: 'aws',
  });
});

test('a Definition object and its substitutions are read as well', () => {
  const properties = {
    Definition: { a: [{ Ref: 'Table' }], b: hole('name') },
    DefinitionSubstitutions: { name: 'x' },
  };
  expect(definitionIn(templateWith(properties), known)).toEqual({ a: ['table'], b: 'x' });
});

test.each([
  [{ DefinitionString: { Ref: 'Other' } }, 'nothing known of Other'],
  [
    { DefinitionString: { 'Fn::ImportValue': 'x' } },
    'expected Ref, Fn::GetAtt, Fn::Join or Fn::Sub, got Fn::ImportValue',
  ],
  [{ DefinitionS3Location: {} }, 'Machine: expected DefinitionString or Definition'],
])('%j is refused', (properties, complaint) => {
  expect(() => definitionIn(templateWith(properties), known)).toThrow(complaint);
});

test('a template must have the machine that is asked for, or exactly one', () => {
  expect(() => definitionIn({ Resources: {} }, known)).toThrow('expected one state machine, got 0');
  expect(() => definitionIn(templateWith({ DefinitionString: '{}' }), known, 'Other')).toThrow(
    'expected one state machine Other, got 0',
  );
});
