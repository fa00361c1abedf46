/** The fields of one SQS request in AWS JSON 1.0, each checked as it is taken. Error names: SQS API reference. */

/** SQS speaks two names for one error: the JSON one and, for old clients, the query protocol's. */
export class SqsError extends Error {
  readonly type: string;
  readonly queryCode: string;
  constructor(type: string, queryCode: string, message: string) {
    super(message);
    this.type = type;
    this.queryCode = queryCode;
  }
}

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(body: string, known: readonly string[]): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new SqsError(
      'com.amazon.coral.service#SerializationException',
      'MalformedInput',
      'The body is not JSON.',
    );
  }
  return onlyKnown(parsed, known);
}

/** Fields SQS knows and these queues do not keep (attributes, groups) are refused rather than lost. */
export function onlyKnown(value: unknown, known: readonly string[]): Fields {
  const fields = Object.fromEntries(Object.entries(value ?? {}));
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown === undefined) return fields;
  throw new SqsError(
    'com.amazonaws.sqs#UnsupportedOperation',
    'AWS.SimpleQueueService.UnsupportedOperation',
    `${unknown} is not supported.`,
  );
}

export function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new SqsError(
    'com.amazon.coral.service#MissingRequiredParameterException',
    'MissingParameter',
    `The request must contain the parameter ${name}.`,
  );
}

export function invalid(message: string): SqsError {
  return new SqsError(
    'com.amazon.coral.service#InvalidParameterValueException',
    'InvalidParameterValue',
    message,
  );
}

/** A whole number from `least` to `most`; `undefined` when it is not given. */
export function whole(fields: Fields, name: string, least: number, most: number): number | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(
    `Value ${String(value)} for parameter ${name} is invalid. Reason: Must be between ${least} and ${most}, if provided.`,
  );
}

/** A list of names; empty when it is not given. */
export function names(fields: Fields, name: string): readonly string[] {
  const value = fields[name] ?? [];
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw invalid(`Value for parameter ${name} is invalid. Reason: Must be a list of names.`);
}

export function noSuchQueue(): SqsError {
  return new SqsError(
    'com.amazonaws.sqs#QueueDoesNotExist',
    'AWS.SimpleQueueService.NonExistentQueue',
    'The specified queue does not exist.',
  );
}

const MAX_ENTRIES = 10;

/** The entries of a batch request, by the rules for the batch as a whole; each fails all of it. */
export function batchOf(
  raw: unknown,
  operation: string,
  known: readonly string[],
): readonly { readonly id: string; readonly fields: Fields }[] {
  if (!Array.isArray(raw) || raw.length === 0)
    throw batchError(
      'EmptyBatchRequest',
      `There should be at least one ${operation}RequestEntry in the request.`,
    );
  if (raw.length > MAX_ENTRIES)
    throw batchError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MAX_ENTRIES}. You have sent ${raw.length}.`,
    );
  const entries = raw.map((item: unknown) => {
    const fields = onlyKnown(item, ['Id', ...known]);
    return { id: text(fields, 'Id'), fields };
  });
  if (entries.some(({ id }) => !/^[\w-]{1,80}$/.test(id)))
    throw batchError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    );
  const repeated = entries.find(({ id }, index) => entries.findIndex((entry) => entry.id === id) !== index);
  if (repeated) throw batchError('BatchEntryIdsNotDistinct', `Id ${repeated.id} repeated.`);
  return entries;
}

export function batchError(name: string, message: string): SqsError {
  return new SqsError(`com.amazonaws.sqs#${name}`, `AWS.SimpleQueueService.${name}`, message);
}
