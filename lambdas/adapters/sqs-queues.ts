/** What all that speaks to SQS goes by. */

/** Messages in one batch request. Source: SQS quotas. */
export const MESSAGES_PER_BATCH = 10;

/** The name of a queue, by its URL or its ARN: a message's record tells the one, settings the other. */
export const queueNameOf = (urlOrArn: string): string => urlOrArn.split(/[/:]/).at(-1) ?? '';
