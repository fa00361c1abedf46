/** AWS's JSON protocols, 1.0 and 1.1: an operation named in a header, a document in, a document or an error with a `__type`
 *  out. Source: Smithy specification, AWS JSON protocols; common errors of each service's API reference. */
import type * as z from 'zod';
import { ApiError } from '../ec2/api.ts';
import type { WireRequest, WireResponse, WireWorld } from './wire.ts';

export interface JsonService {
  readonly version: '1.0' | '1.1';
  /** What stands before the dot in `X-Amz-Target`. */
  readonly target: string;
  readonly operations: Readonly<Record<string, JsonOperation>>;
}

export type JsonOperation = (world: WireWorld, body: unknown) => object;

/** Fields that the service knows and this world does not keep are refused rather than lost. */
export function operation<S extends z.ZodType>(
  fields: S,
  run: (world: WireWorld, asked: z.output<S>) => object,
): JsonOperation {
  return (world, body) => {
    const read = fields.safeParse(body);
    if (read.success) return run(world, read.data);
    const issues = read.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
    throw new ApiError(
      'ValidationException',
      `${issues.length} validation error(s) detected: ${issues.join('; ')}`,
    );
  };
}

export function answerJson(
  service: JsonService,
  world: WireWorld,
  request: WireRequest,
  requestId: string,
): WireResponse {
  const respond = (status: number, body: object): WireResponse => ({
    status,
    headers: { 'content-type': `application/x-amz-json-${service.version}`, 'x-amzn-requestid': requestId },
    body: JSON.stringify(body),
  });
  try {
    const [target, name = ''] = request.headers['x-amz-target']?.split('.') ?? [];
    const known = target === service.target && Object.hasOwn(service.operations, name);
    const carryOut = known ? service.operations[name] : undefined;
    if (carryOut === undefined) throw new ApiError('UnknownOperationException', `no operation ${name}`);
    return respond(200, carryOut(world, documentOf(request.body)));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return respond(error.httpStatus, { __type: error.code, message: error.message });
  }
}

function documentOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new ApiError('SerializationException', 'The body is not JSON.');
  }
}
