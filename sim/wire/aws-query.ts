/** AWS's Query protocol as every service but EC2 speaks it: a form in, XML in a namespace out, errors in an
 *  `ErrorResponse`. Source: Smithy specification, AWS query protocol; common errors of each service's API reference. */
import { ApiError, type Caller } from '../ec2/api.ts';
import { QueryParameters } from './query.ts';
import type { WireRequest, WireResponse, WireWorld } from './wire.ts';
import { element, inner, type Xml } from './xml.ts';

export interface QueryService {
  /** For example `2011-06-15`. */
  readonly version: string;
  readonly namespace: string;
  /** What each action answers; an empty object where it only says that it was done. */
  readonly actions: Readonly<
    Record<string, (world: WireWorld, caller: Caller, from: QueryParameters) => Xml>
  >;
}

/** What is wrong with a request's form; these services have one name for all of it. */
const FORM_ERRORS = new Set(['MissingParameter', 'InvalidParameterValue', 'UnknownParameter']);

export function answerQuery(
  service: QueryService,
  world: WireWorld,
  caller: Caller,
  request: WireRequest,
  requestId: string,
): WireResponse {
  const { namespace } = service;
  try {
    const parameters = new QueryParameters(request);
    const action = parameters.required('Action');
    const version = parameters.required('Version');
    const carryOut = Object.hasOwn(service.actions, action) ? service.actions[action] : undefined;
    if (carryOut === undefined || version !== service.version) {
      throw new ApiError('InvalidAction', `Could not find operation ${action} for version ${version}`);
    }
    const result = carryOut(world, caller, parameters);
    const body =
      `<${action}Result>${inner(result, 'member')}</${action}Result>` +
      element('ResponseMetadata', { RequestId: requestId });
    return xml(200, requestId, `<${action}Response xmlns="${namespace}">${body}</${action}Response>`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const code = FORM_ERRORS.has(error.code) ? 'ValidationError' : error.code;
    const said = { Type: 'Sender', Code: code, Message: error.message };
    const body = element('Error', said) + element('RequestId', requestId);
    return xml(error.httpStatus, requestId, `<ErrorResponse xmlns="${namespace}">${body}</ErrorResponse>`);
  }
}

function xml(status: number, requestId: string, body: string): WireResponse {
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: `${body}\n`,
  };
}
