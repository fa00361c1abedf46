/** docs/policy.schema.json and docs/policy.md, from the rules the reader judges by. `npm run readme` writes them; a test holds
 *  them and the code together. */
import { type Overrides, type Policy, RULES } from '../lambdas/core/policy.ts';
import { expectedOf, INSTANT_PATTERN, type Shape } from '../lambdas/core/policy-shapes.ts';

type Field = keyof Policy | keyof Overrides;

/** Why one would change a field. */
const WHY: Readonly<Record<Field, string>> = {
  margin: 'Demand is multiplied by this before placement: schedulers and announcements are never exact.',
  budgetShare: 'Our share of the documented EC2 request rate; the rest is for ipamd, Karpenter and people.',
  subnetReserveAddresses:
    'Free addresses of a subnet that we never touch. EKS recommends 16 for its own interfaces.',
  launchDemand:
    'What a launching node gets when nobody announced pods. An autoscaler launched it because pods wait, hence `full`.',
  shapes:
    'What a running node may get: new interfaces with addresses (`full`), empty ones that the CNI fills itself (`skeleton`), or whichever the plan finds better.',
  hostNetworkPods:
    'Pods on the host’s network on every node, which need no address. The CNI’s own formula counts 2.',
  maxPods: 'max-pods of the kubelets where it is not the type’s own figure. Default: the CNI’s formula.',
  startP05Ms:
    'Earliest start of ipamd after `running` to count on until 20 launches of the node group are known.',
  attachP95Ms:
    'AttachNetworkInterface, from the call to its effect, 95th percentile. Recordings: 0.8 to 1 s.',
  imdsP95Ms: 'From an attach to its showing in instance metadata, 95th percentile. Recordings: 2.5 to 8 s.',
  imdsP99Ms: 'The same, 99th percentile, on nodes that run, until it is learnt. Field reports: up to 30 s.',
  pipelineP99Ms: 'From an event to our finished attach, 99th percentile.',
  openDemandTtlMs: 'How long announced pods that found no node wait for one to launch.',
  verifyAfterMs:
    'When to look first whether ipamd saw what we attached: after nearly every node has started.',
  verifyAttempts: 'Looks before an attach is reported as not seen.',
  interfaceQuota:
    'Network interfaces the Region may have, less what other VPCs use. Only figures and the alarm `interface-quota` go by it.',
  stopped: 'The kill switch: while `true` nothing in EC2 is changed, decisions are still recorded.',
  buckets: 'Request buckets of this account where AWS raised or lowered them, by EC2 action.',
  budgetStacks: 'Stacks that share one budget table: while it does not answer, each goes on with its part.',
  soleAllocator:
    'The CNI’s own provisioning is disabled, and nobody but us gives nodes addresses. Its schedule and alarms take a deployment.',
  eniConfigs: 'Where pods’ interfaces go with custom networking, by zone: what the zone’s ENIConfig says.',
  cniEnv: 'The aws-node environment, where the CNI is no EKS add-on and its settings cannot be read.',
  clusters: 'What differs in a cluster, and below `nodeGroups` in a node group. The nearer word counts.',
  mode: '`observe` decides and changes nothing; `warm` gives no right that the deployment has not. Default: as deployed.',
  resumedAt:
    'Switches a node group back on that late attaches have put to observe: those of launches before this moment count no more.',
  routes:
    'Which rollout an event of CodePipeline, CodeDeploy, CodeBuild, ECR or a CloudWatch alarm means (docs/announcements.md).',
  launchHook:
    'Name of the Auto Scaling lifecycle hook that waits for us; the right to answer it takes a deployment. Others’ hooks are left alone.',
  schedules:
    'Peaks that are known beforehand, by name (docs/announcements.md). When they fire takes a deployment.',
  gateDeadlineMs:
    'How long after `running` a launch gate is opened at the latest, whatever has become of the addresses.',
  gateEndpointFails:
    'What the gate endpoint (docs/gate-endpoint.md) answers where nothing is known of a workload: `open` ready, `closed` not ready.',
};

type Json = Readonly<Record<string, unknown>>;

function schemaOf(shape: Shape): Json {
  switch (shape.is) {
    case 'number':
      return { type: shape.whole ? 'integer' : 'number', minimum: shape.from, maximum: shape.to };
    case 'yes or no':
      return { type: 'boolean' };
    case 'one of':
      return { enum: shape.values };
    case 'text':
      return { type: 'string', pattern: shape.pattern.source };
    case 'instant':
      return { type: 'string', format: 'date-time', pattern: INSTANT_PATTERN.source };
    case 'judged':
      return shape.schema;
    case 'list':
      return { type: 'array', items: schemaOf(shape.of) };
    case 'map': {
      const { names, of } = shape;
      return { type: 'object', propertyNames: schemaOf(names), additionalProperties: schemaOf(of) };
    }
    case 'object': {
      const names = Object.keys(shape.fields);
      return {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(shape.fields).map(([name, of]) => [name, { ...about(name), ...schemaOf(of) }]),
        ),
        ...(shape.needed === 'all' && { required: names }),
        additionalProperties: false,
      };
    }
  }
}

const about = (name: string): Json =>
  Object.hasOwn(WHY, name) ? { description: WHY[name as Field].replaceAll('`', '') } : {};

/** For editors and for checks before an upload. */
export const policySchema = (): Json => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Policy of eks-ip-prewarmer',
  type: 'object',
  properties: {
    $schema: { type: 'string' },
    ...Object.fromEntries(
      Object.entries(RULES).map(([name, { default: fallback, shape }]) => [
        name,
        { ...about(name), ...schemaOf(shape), ...(fallback !== undefined && { default: fallback }) },
      ]),
    ),
  },
  additionalProperties: false,
});

export function policyPage(): string {
  const rows = Object.entries(RULES).map(([name, { default: fallback, shape }]) =>
    row(name, shape, fallback === undefined ? 'none' : `\`${JSON.stringify(fallback)}\``),
  );
  const { shape } = RULES.clusters;
  const fields = shape.is === 'map' && shape.of.is === 'object' ? shape.of.fields : {};
  const overrides = Object.keys(fields).filter((name) => name !== 'nodeGroups');
  const only = overrides.filter((name) => !Object.hasOwn(RULES, name));
  return `# The policy

One JSON document says what an operator may choose. It lies in a parameter of Systems Manager (the stack's output \`PolicyParameter\`),
and functions hear of a change within five seconds, without a deployment. Only what differs from the defaults needs to be said.
[\`policy.schema.json\`](policy.schema.json) is its schema; both pages are written from the rules the reader judges by
(\`lambdas/core/policy.ts\`, \`npm run readme\`).

\`\`\`json
{
  "margin": 1.5,
  "clusters": {
    "shop": {
      "launchDemand": "skeleton",
      "nodeGroups": {
        "batch": { "mode": "observe" },
        "web": { "launchDemand": "full", "subnetReserveAddresses": 64, "resumedAt": "2026-01-31T09:00:00Z" }
      }
    }
  }
}
\`\`\`

| Field | Expected | Default | Why |
|---|---|---|---|
${rows.join('\n')}

## Clusters and node groups

A node group is a managed node group, a Karpenter node pool or an Auto Scaling group, by its name. A cluster and a node group may have:
${overrides.map((name) => `\`${name}\``).join(', ')}; the group's own
word counts before its cluster's, and that before the document's. Of these only here:

| Field | Expected | Why |
|---|---|---|
${only.map((name) => `| \`${name}\` | ${expected(fields[name])} | ${WHY[name as Field]} |`).join('\n')}

\`budgetShare\` of a cluster or a node group is the most that launches and rollouts of its nodes may take of AWS's documented request rate, within
the document's share: it reserves nothing for them, and keeps them from what others need. Unlike the other fields, a cluster's and its
groups' hold together. What the sweep finishes and deletes is counted in no group's share.

In a group in observe, interfaces that are already ours are still finished and collected: they cost addresses.

## Late attaches

An attach that ipamd's start no longer saw is worse than none. Of each node group the last 50 launches that got an attach are
remembered; more than 2 % of 50, that is the second late one, and the group is only observed: decisions are recorded, nothing is changed, and the
alarm \`node-groups-observed\` rings. Nobody but an operator switches it back, by \`resumedAt\` with the present time
(\`date -u +%FT%TZ\`): in the document it is kept, whatever becomes of the ledger. \`"mode": "warm"\` does not.

## Mistakes

A document with a mistake is used in whole or not at all: the last good version holds, the journal names field, expectation and value
(\`policy not understood\`), and the alarm \`policy-rejected\` rings. A text that may have meant the kill switch stops everything
([why](decisions/0006-live-policy-and-figures.md)). A cluster that is not deployed here is a mistake. Whether a node group is there only the
cluster tells: the sweep says which are not (\`policy does not fit\`, the figure \`PolicyMisfits\`), and the rest of the document holds;
a scenario file, which knows all its groups, is refused.
`;
}

const row = (name: string, shape: Shape, fallback: string): string =>
  `| \`${name}\` | ${expected(shape)} | ${fallback} | ${WHY[name as Field]} |`;

const expected = (shape: Shape | undefined): string =>
  shape === undefined ? '' : expectedOf(shape).replace(/(\{.*\}|"[^"]*"(?:, "[^"]*")*)/, '`$1`');
