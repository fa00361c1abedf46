/** Which service a request is for, and its answer. Both doors lead here, so both give the same answers. */
import { type Caller, ReplyLost } from '../ec2/api.ts';
import type { Process } from '../kernel.ts';
import { AUTO_SCALING } from './auto-scaling-query.ts';
import { answerJson } from './aws-json.ts';
import { answerQuery } from './aws-query.ts';
import { answerEc2 } from './ec2-query.ts';
import { answerEks, type EksWorld } from './eks-rest.ts';
import { EVENTS } from './events-json.ts';
import { answerKubernetes, isForApiServer } from './kubernetes.ts';
import { formOf } from './query.ts';
import { SERVICE_QUOTAS } from './service-quotas-json.ts';
import { answerSqs } from './sqs-json.ts';
import { STATES } from './states-json.ts';
import { STS } from './sts-query.ts';
import { uuid } from './uuid.ts';
import type { WireRequest, WireResponse, WireWorld } from './wire.ts';

/** One request of real code: parks until the world has answered, or for the time that this one is waited for, where the caller
 *  says so, virtual ms. Rejects with {@link ReplyLost}. */
export type Services = (request: WireRequest, timeoutMs?: number) => Promise<WireResponse>;

export interface CallLimits {
  /** How long these callers wait for EC2's answer, in virtual ms: the `requestTimeout` of a client on a real network. The
   *  embedded EC2's own default, unless said. */
  readonly timeoutMs?: number;
}

export function services(world: WireWorld, limits: CallLimits): Services {
  const { kernel, requestIds } = world;
  return (request, timeoutMs = limits.timeoutMs) =>
    kernel.park((resolve, reject) => {
      // A moment of its own, so that a defect of the world ends the run instead of looking like a failed request.
      kernel.after(0, () => {
        const patience = timeoutMs === undefined ? {} : { timeoutMs };
        kernel.spawn(reply(answer(world, patience, request, uuid(requestIds.hex(32))), resolve, reject));
      });
    });
}

/** Tells one of the two outcomes a request can have. Any other error is the world's own, and travels up. */
function* reply(
  answering: Process<WireResponse>,
  answered: (response: WireResponse) => void,
  lost: (error: ReplyLost) => void,
): Process {
  let response: WireResponse;
  try {
    response = yield* answering;
  } catch (error) {
    if (!(error instanceof ReplyLost)) throw error;
    lost(error);
    return;
  }
  answered(response);
}

/** EC2 takes the time `Ec2.call` takes, and an SQS receive as long as it was told to wait; all else is answered at once.
 *  Signatures are not checked: an access key names the caller, and that is all. */
function* answer(
  world: WireWorld,
  limits: CallLimits,
  request: WireRequest,
  requestId: string,
): Process<WireResponse> {
  if (isForApiServer(request)) return yield* answerKubernetes(world, request);
  switch (serviceOf(request)) {
    case 'ec2':
      return yield* answerEc2(world, { ...limits, ...callerOf(request) }, request, requestId);
    case 'eks':
      return answerEks(inRegion(world, request), request, requestId);
    case 'sqs':
      return yield* answerSqs(world, request, requestId);
    case 'autoscaling':
      return answerQuery(AUTO_SCALING, world, callerOf(request), request, requestId);
    case 'sts':
      return answerQuery(STS, world, callerOf(request), request, requestId);
    case 'states':
      return answerJson(STATES, world, request, requestId);
    case 'events':
      return answerJson(EVENTS, world, request, requestId);
    case 'servicequotas':
      return answerJson(SERVICE_QUOTAS, world, request, requestId);
    case undefined:
      return {
        status: 404,
        headers: { 'content-type': 'text/plain' },
        body: 'No such service in this world.',
      };
  }
}

const SERVICES = ['ec2', 'eks', 'sqs', 'autoscaling', 'sts', 'states', 'events', 'servicequotas'] as const;
type Service = (typeof SERVICES)[number];

/** What stands before the dot in `X-Amz-Target`. */
const TARGETS: Readonly<Record<string, Service>> = {
  AmazonSQS: 'sqs',
  [STATES.target]: 'states',
  [EVENTS.target]: 'events',
  [SERVICE_QUOTAS.target]: 'servicequotas',
};

/** The signature names the service at every address; unsigned requests are told by their host, target or form. */
function serviceOf(request: WireRequest): Service | undefined {
  const { headers, path } = request;
  const signedFor = signature(request)?.['service'];
  const named = signedFor ?? headers['host']?.split('.')[0];
  const service = SERVICES.find((known) => known === named);
  if (service !== undefined || signedFor !== undefined) return service;
  const [target = ''] = headers['x-amz-target']?.split('.') ?? [];
  if (Object.hasOwn(TARGETS, target)) return TARGETS[target];
  if (path.startsWith('/clusters')) return 'eks';
  const form = new URLSearchParams(formOf(request));
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  return isForm || form.has('Action') ? queryServiceOf(form) : undefined;
}

/** The versions of the Query APIs differ, so an unsigned form tells its service by that. */
function queryServiceOf(form: URLSearchParams): Service {
  const version = form.get('Version');
  if (version === AUTO_SCALING.version) return 'autoscaling';
  return version === STS.version ? 'sts' : 'ec2';
}

/** Every Region answers at the one address, and has its own clusters: there are none but in this world's. */
function inRegion(world: WireWorld, request: WireRequest): EksWorld {
  const { accountId, epochMs } = world;
  const region = signature(request)?.['region'] ?? world.region;
  return { accountId, epochMs, region, clusters: region === world.region ? world.clusters : [] };
}

/** The access key id, so that every client chooses its name with the credentials it was given, and the SDK's own count
 *  of its attempts. */
function callerOf(request: WireRequest): Caller {
  const attempt = request.headers['amz-sdk-request']?.match(/attempt=(\d+)/)?.[1];
  return {
    name: signature(request)?.['accessKeyId'] ?? 'anonymous',
    ...(attempt === undefined ? {} : { attempt: Number(attempt) }),
  };
}

/** Signature version 4 names its key and what it is good for: `<key id>/<date>/<region>/<service>/aws4_request`. */
const CREDENTIAL =
  /Credential=(?<accessKeyId>[^,]+)\/\d{8}\/(?<region>[^/,]+)\/(?<service>[^/,]+)\/aws4_request/;

function signature({ headers }: WireRequest): Record<string, string> | undefined {
  return headers['authorization']?.match(CREDENTIAL)?.groups;
}
