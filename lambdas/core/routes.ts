/** What other services do, and which rollout it means: a pipeline's name says nothing of pods, so an operator says it in the
 *  policy. */

/** An announcement as `Deployment Announced` carries it, without an id and a time of its own: both come from the event. */
export type Announce = Readonly<Record<string, unknown>>;

/** What happened elsewhere, by service. Without `state`, the one that tells that a rollout begins or may begin now. */
export type When =
  | { readonly codepipeline: string; readonly state?: string }
  /** `application/deployment group`. */
  | { readonly codedeploy: string; readonly state?: string }
  | { readonly codebuild: string; readonly state?: string }
  /** A push to this repository; with `tag`, of this tag alone. */
  | { readonly ecr: string; readonly tag?: string }
  | { readonly alarm: string; readonly state?: string };

export interface Route {
  readonly when: When;
  readonly announce: Announce;
}

/** A peak that is known beforehand. */
export interface Schedule {
  /** When the schedule fires: EventBridge Scheduler's own expression, `cron(40 8 ? * MON-FRI *)`. */
  readonly at: string;
  /** From then until the pods come. */
  readonly leadSeconds: number;
  readonly announce: Announce;
}

/** One state for each service, said by its own documentation. Source: CodePipeline, CodeDeploy, CodeBuild and CloudWatch User
 *  Guides, events. */
const BEGINS = {
  codepipeline: 'STARTED',
  codedeploy: 'START',
  codebuild: 'SUCCEEDED',
  alarm: 'ALARM',
} as const;
export type RoutedBy = keyof typeof BEGINS | 'ecr';

/** An event of another service, as far as routes look at it. */
export interface Happening {
  readonly by: RoutedBy;
  readonly name: string;
  /** Its state; the tag of a push, `undefined` where it has none. */
  readonly state: string | undefined;
  /** What it is about: the same of several events that tell of one thing. */
  readonly key: string;
}

/** What a route calls it. */
export const PARTS: Readonly<Record<RoutedBy, 'state' | 'tag'>> = {
  codepipeline: 'state',
  codedeploy: 'state',
  codebuild: 'state',
  ecr: 'tag',
  alarm: 'state',
};

export function routesFor(
  { by, name, state }: Happening,
  routes: readonly Route[],
): { readonly index: number; readonly route: Route }[] {
  return routes.flatMap((route, index) => {
    const when: Readonly<Record<string, string>> = { ...route.when };
    const wanted = when[PARTS[by]] ?? (by === 'ecr' ? state : BEGINS[by]);
    return when[by] === name && wanted === state ? [{ index, route }] : [];
  });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isName = (value: unknown): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= 256;
const onlyKeys = (value: Readonly<Record<string, unknown>>, ...keys: readonly string[]): boolean =>
  Object.keys(value).every((key) => keys.includes(key));

const isWhen = (value: unknown): boolean => {
  if (!isObject(value)) return false;
  const [by, ...more] = Object.keys(PARTS).filter((key) => Object.hasOwn(value, key)) as RoutedBy[];
  return (
    by !== undefined &&
    more.length === 0 &&
    onlyKeys(value, by, PARTS[by]) &&
    Object.values(value).every(isName)
  );
};

/** The frame of routes; what they announce is an announcement like any other (adapters/routed.ts). */
export const isRoutes = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every(
    (route) =>
      isObject(route) &&
      onlyKeys(route, 'when', 'announce') &&
      isWhen(route['when']) &&
      isObject(route['announce']),
  );

const DAY_SECONDS = 86_400;
/** Source: EventBridge Scheduler API reference, CreateSchedule, `Name` and `ScheduleExpression`. */
const SCHEDULE_NAME = /^[\w.-]{1,64}$/;
const EXPRESSION = /^(cron|rate|at)\([^()]{1,240}\)$/;

export const isSchedules = (value: unknown): boolean =>
  isObject(value) &&
  Object.entries(value).every(
    ([name, schedule]) =>
      SCHEDULE_NAME.test(name) &&
      isObject(schedule) &&
      onlyKeys(schedule, 'at', 'leadSeconds', 'announce') &&
      typeof schedule['at'] === 'string' &&
      EXPRESSION.test(schedule['at']) &&
      Number.isInteger(schedule['leadSeconds']) &&
      (schedule['leadSeconds'] as number) >= 0 &&
      (schedule['leadSeconds'] as number) <= DAY_SECONDS &&
      isObject(schedule['announce']),
  );
