/** A time as EventBridge, CloudTrail, IMDS and Kubernetes write theirs, in whole seconds: `2026-01-01T00:00:00Z`. */
export const isoSeconds = (unixMs: number): string => `${new Date(unixMs).toISOString().slice(0, 19)}Z`;
