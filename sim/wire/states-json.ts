/** Step Functions, for Standard machines: what the product asks, and what people ask to see and to mend an execution.
 *  Shapes, limits and error names: Step Functions API reference. */
import * as z from 'zod';
import type { HistoryEvent } from '../asl/history.ts';
import type { StateMachine } from '../asl/machine.ts';
import { ApiError } from '../ec2/api.ts';
import type { Found } from '../step-functions.ts';
import { type JsonService, operation } from './aws-json.ts';
import type { WireWorld } from './wire.ts';

const arn = z.string().min(1).max(256);
const executionArn = z.strictObject({ executionArn: arn });
const taskToken = z.string().min(1).max(2_048);
const error = z.string().max(256).optional();
const cause = z.string().max(32_768).optional();
const paged = { maxResults: z.int().min(0).max(1_000).optional(), nextToken: z.string().optional() };
/** Of one page unless said. */
const PAGE = 100;

export const STATES: JsonService = {
  version: '1.0',
  target: 'AWSStepFunctions',
  operations: {
    StartExecution: operation(
      z.strictObject({ stateMachineArn: arn, name: z.string().optional(), input: z.string().optional() }),
      (world, { stateMachineArn, name, input = '{}' }) => {
        const machine = machineOf(world, stateMachineArn);
        const execution = machine.start({ input: jsonIn(input), ...(name !== undefined && { name }) });
        return { executionArn: execution.arn, startDate: secondsAt(world, execution.startedMs) };
      },
    ),
    DescribeExecution: operation(executionArn, (world, asked) => {
      const { startDate, stopDate, redriveDate, ...said } = world.stepFunctions.describe(found(world, asked));
      const dates = { startDate, stopDate, redriveDate };
      const included = { included: true };
      return present({
        ...said,
        ...Object.fromEntries(Object.entries(dates).map(([name, ms]) => [name, ms && ms / 1_000])),
        inputDetails: included,
        outputDetails: said.output === null ? null : included,
      });
    }),
    ListExecutions: operation(
      z.strictObject({ stateMachineArn: arn, statusFilter: z.string().optional(), ...paged }),
      (world, { stateMachineArn, statusFilter, ...page }) => {
        const machine = machineOf(world, stateMachineArn);
        const all = machine.executions
          .filter(({ status }) => statusFilter === undefined || status === statusFilter)
          .toSorted((a, b) => b.startedMs - a.startedMs)
          .map((execution) =>
            present({
              executionArn: execution.arn,
              stateMachineArn,
              name: execution.name,
              status: execution.status,
              startDate: secondsAt(world, execution.startedMs),
              stopDate: execution.stoppedMs === undefined ? null : secondsAt(world, execution.stoppedMs),
              redriveCount: execution.redriveCount,
            }),
          );
        return pageOf('executions', all, page);
      },
    ),
    GetExecutionHistory: operation(
      z.strictObject({
        executionArn: arn,
        reverseOrder: z.boolean().optional(),
        /** No data is kept in this history, asked for or not. */
        includeExecutionData: z.boolean().optional(),
        ...paged,
      }),
      (world, { executionArn, reverseOrder = false, ...page }) => {
        const { history } = found(world, { executionArn }).execution;
        const events = history.map((event) => historyEvent(world, event));
        return pageOf('events', reverseOrder ? events.toReversed() : events, page);
      },
    ),
    StopExecution: operation(
      z.strictObject({ executionArn: arn, error, cause }),
      (world, { executionArn, error, cause }) => {
        const { machine, execution } = found(world, { executionArn });
        machine.stop(execution.name, {
          ...(error !== undefined && { error }),
          ...(cause !== undefined && { cause }),
        });
        return { stopDate: secondsAt(world, execution.stoppedMs ?? world.kernel.nowMs) };
      },
    ),
    RedriveExecution: operation(
      z.strictObject({ executionArn: arn, clientToken: z.string().optional() }),
      (world, { executionArn }) => {
        const { machine, execution } = found(world, { executionArn });
        machine.redrive(execution.name);
        return { redriveDate: secondsAt(world, world.kernel.nowMs) };
      },
    ),
    SendTaskSuccess: operation(
      z.strictObject({ taskToken, output: z.string() }),
      ({ stepFunctions }, { taskToken, output }) => {
        stepFunctions.tokens.sendTaskSuccess(taskToken, output);
        return {};
      },
    ),
    SendTaskFailure: operation(
      z.strictObject({ taskToken, error, cause }),
      ({ stepFunctions }, { taskToken, error = '', cause = '' }) => {
        stepFunctions.tokens.sendTaskFailure(taskToken, { error, cause });
        return {};
      },
    ),
    SendTaskHeartbeat: operation(z.strictObject({ taskToken }), ({ stepFunctions }, { taskToken }) => {
      stepFunctions.tokens.sendTaskHeartbeat(taskToken);
      return {};
    }),
  },
};

function machineOf({ stepFunctions }: WireWorld, arn: string): StateMachine {
  checkArn(arn, 'stateMachine');
  const machine = stepFunctions.machine(arn);
  if (machine !== undefined) return machine;
  throw new ApiError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
}

function found({ stepFunctions }: WireWorld, { executionArn }: { readonly executionArn: string }): Found {
  checkArn(executionArn, 'execution');
  const one = stepFunctions.execution(executionArn);
  if (one !== undefined) return one;
  throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${executionArn}'`);
}

function checkArn(arn: string, kind: 'stateMachine' | 'execution'): void {
  if (arn.startsWith('arn:') && arn.split(':')[5] === kind) return;
  throw new ApiError('InvalidArn', `Invalid Arn: '${arn}'`);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError('InvalidExecutionInput', 'Invalid State Machine Execution Input: it is not JSON');
  }
}

/** `name`: the array's, in the answer. */
function pageOf(
  name: string,
  all: readonly object[],
  { maxResults, nextToken }: { maxResults?: number | undefined; nextToken?: string | undefined },
): object {
  const from = nextToken === undefined ? 0 : Number(nextToken);
  if (!Number.isInteger(from) || from < 0)
    throw new ApiError('InvalidToken', `Invalid Token: '${nextToken}'`);
  const to = from + (maxResults || PAGE);
  return { [name]: all.slice(from, to), ...(to < all.length && { nextToken: String(to) }) };
}

/** Its details under the name the API has for them, as far as the history keeps them. */
function historyEvent(
  world: WireWorld,
  { id, type, atMs, state, index, error, cause }: HistoryEvent,
): object {
  const [, , moved] = /^(.+)State(Entered|Exited)$/.exec(type) ?? [];
  const about = moved === undefined ? `${type.charAt(0).toLowerCase()}${type.slice(1)}` : `state${moved}`;
  const details = present({ name: state, index, error, cause });
  return {
    ...{ id, previousEventId: id - 1, type, timestamp: secondsAt(world, atMs) },
    ...(Object.keys(details).length > 0 && { [`${about}EventDetails`]: details }),
  };
}

/** Times on the wire are epoch seconds. */
const secondsAt = ({ epochMs }: WireWorld, ms: number): number => (epochMs + ms) / 1_000;

/** Without what there is none of. */
const present = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
