/** What other services do, and which rollout it means: a pipeline's name says nothing of pods, so an operator says it in the
 *  policy. */
/** An announcement as `Deployment Announced` carries it, without an id and a time of its own: both come from the event. */
export type Announce = Readonly<Record<string, unknown>>;
/** What happened elsewhere, by service. Without `state`, the one that tells that a rollout begins or may begin now. */
export type When = {
    readonly codepipeline: string;
    readonly state?: string;
}
/** `application/deployment group`. */
 | {
    readonly codedeploy: string;
    readonly state?: string;
} | {
    readonly codebuild: string;
    readonly state?: string;
}
/** A push to this repository; with `tag`, of this tag alone. */
 | {
    readonly ecr: string;
    readonly tag?: string;
} | {
    readonly alarm: string;
    readonly state?: string;
};
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
declare const BEGINS: {
    readonly codepipeline: 'STARTED';
    readonly codedeploy: 'START';
    readonly codebuild: 'SUCCEEDED';
    readonly alarm: 'ALARM';
};
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
export declare function routesFor({ by, name, state }: Happening, routes: readonly Route[]): {
    readonly index: number;
    readonly route: Route;
}[];
/** The frame of routes; what they announce is an announcement like any other (adapters/routed.ts). */
export declare const isRoutes: (value: unknown) => boolean;
export declare const isSchedules: (value: unknown) => boolean;
export {};
