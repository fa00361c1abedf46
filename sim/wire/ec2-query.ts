/** EC2's wire protocol: a form with `Action` and `Version` in, XML out. Error bodies and codes: EC2 Developer Guide. */
import { ApiError, type Caller, type Ec2Action } from '../ec2/api.ts';
import type { Process } from '../kernel.ts';
import { READ } from './ec2-read.ts';
import { WRITE } from './ec2-xml.ts';
import { QueryParameters } from './query.ts';
import type { WireRequest, WireResponse, WireWorld } from './wire.ts';
import { element, inner } from './xml.ts';

const VERSION = '2016-11-15';

export function* answerEc2(
  world: WireWorld,
  caller: Caller,
  request: WireRequest,
  requestId: string,
): Process<WireResponse> {
  try {
    const parameters = new QueryParameters(request);
    const action = actionOf(parameters);
    const result = yield* carryOut(world, caller, action, parameters);
    const body = element('requestId', requestId) + result;
    return xml(
      200,
      requestId,
      `<${action}Response xmlns="http://ec2.amazonaws.com/doc/${VERSION}/">${body}</${action}Response>`,
    );
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const errors = { Errors: { Error: { Code: error.code, Message: error.message } }, RequestID: requestId };
    return xml(error.httpStatus, requestId, element('Response', errors));
  }
}

function* carryOut<A extends Ec2Action>(
  world: WireWorld,
  caller: Caller,
  action: A,
  parameters: QueryParameters,
): Process<string> {
  const dryRun = parameters.flag('DryRun');
  const input = READ[action](parameters);
  parameters.end();
  if (dryRun) {
    throw new ApiError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
  }
  const output = yield* world.ec2.call(caller, action, input);
  return inner(WRITE[action](output, input, world));
}

function actionOf(parameters: QueryParameters): Ec2Action {
  const action = parameters.required('Action');
  const version = parameters.required('Version');
  if (version !== VERSION) {
    throw new ApiError(
      'NoSuchVersion',
      `The requested version (${version}) of service AmazonEC2 does not exist`,
    );
  }
  if (!isAction(action)) {
    throw new ApiError('InvalidAction', `The action ${action} is not valid for this web service.`);
  }
  return action;
}

function isAction(name: string): name is Ec2Action {
  return Object.hasOwn(READ, name);
}

function xml(status: number, requestId: string, body: string): WireResponse {
  return {
    status,
    headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  };
}
