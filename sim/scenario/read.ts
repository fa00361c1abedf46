/** A scenario document becomes a scenario, or one message with every field that is wrong; nothing has run by then. */
import { type Complaint, sayAll } from '../../lambdas/core/complaints.ts';
import { misfits } from '../../lambdas/core/node-group-policy.ts';
import { readPolicy } from '../../lambdas/core/policy.ts';
import { inconsistencies } from './consistent.ts';
import { SCENARIO, type Scenario } from './format.ts';

export type ScenarioRead =
  | { readonly ok: true; readonly scenario: Scenario }
  /** `file: field: expected …, got …; …` in one line. */
  | { readonly ok: false; readonly message: string };

/** Reads a file's text; `file` names it in the message. */
export function readScenarioText(text: string, file: string): ScenarioRead {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { ok: false, message: `${file}: not JSON: ${(error as Error).message}` };
  }
  return readScenario(document, file);
}

export function readScenario(document: unknown, file: string): ScenarioRead {
  const refuse = (complaints: readonly Complaint[]): ScenarioRead => ({
    ok: false,
    message: `${file}: ${sayAll(complaints)}`,
  });
  const parsed = SCENARIO.safeParse(document);
  if (!parsed.success) return refuse(complaintsOf(parsed.error.issues, document));
  const scenario = parsed.data;
  const complaints = [...inconsistencies(scenario), ...policyComplaints(scenario)];
  return complaints.length > 0 ? refuse(complaints) : { ok: true, scenario };
}

type Issues = NonNullable<ReturnType<typeof SCENARIO.safeParse>['error']>['issues'];

const complaintsOf = (issues: Issues, document: unknown): Complaint[] =>
  issues.flatMap((issue) => {
    const paths =
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return paths.map((path) => ({
      field: path.length === 0 ? 'the scenario' : path.join('.'),
      expected: issue.message,
      got: path.reduce<unknown>(
        (found, key) => (isRecord(found) ? found[key as keyof typeof found] : undefined),
        document,
      ),
    }));
  });

const isRecord = (value: unknown): value is Record<PropertyKey, unknown> =>
  typeof value === 'object' && value !== null;

/** The policy is the product's own document: it is judged by the product's own reader, and all node groups are known. */
function policyComplaints({ policy, columns, clusters }: Scenario): Complaint[] {
  const judge = (document: unknown): Complaint[] => {
    const { policy: read, complaints } = readPolicy(
      document,
      clusters.map(({ name }) => name),
    );
    const groups = clusters.flatMap(({ name, nodeGroups }) =>
      misfits(read, { name, mode: 'warm' }, new Set(nodeGroups.map((group) => group.name))),
    );
    return [...complaints, ...groups];
  };
  const own = columns.flatMap((column, index) =>
    typeof column === 'object'
      ? judge(column.policy).map((complaint) => ({
          ...complaint,
          field: `columns.${index}.${complaint.field}`,
        }))
      : [],
  );
  return [...judge(policy), ...own];
}
