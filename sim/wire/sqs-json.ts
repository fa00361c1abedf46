/** SQS in AWS JSON 1.0: sending, for the product; looking into queues and taking messages out, for people and readers. */
import type { Process } from '../kernel.ts';
import { type Fields, fieldsOf, SqsError } from './sqs-fields.ts';
import {
  changeVisibilityBatch,
  deleteMessage,
  getQueueAttributes,
  getQueueUrl,
  listQueues,
  receiveMessage,
} from './sqs-receive.ts';
import { sendMessage, sendMessageBatch } from './sqs-send.ts';
import type { WireRequest, WireResponse, WireWorld } from './wire.ts';

interface Operation {
  /** Fields SQS knows and these queues do not keep (attributes, groups) are refused rather than lost. */
  readonly fields: readonly string[];
  readonly run: (world: WireWorld, fields: Fields, request: WireRequest) => object | Process<object>;
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  SendMessage: { fields: ['QueueUrl', 'MessageBody', 'DelaySeconds', 'MessageAttributes'], run: sendMessage },
  SendMessageBatch: { fields: ['QueueUrl', 'Entries'], run: sendMessageBatch },
  ReceiveMessage: {
    fields: [
      'QueueUrl',
      'MaxNumberOfMessages',
      'VisibilityTimeout',
      'WaitTimeSeconds',
      'AttributeNames',
      'MessageSystemAttributeNames',
      'MessageAttributeNames',
    ],
    run: receiveMessage,
  },
  ChangeMessageVisibilityBatch: { fields: ['QueueUrl', 'Entries'], run: changeVisibilityBatch },
  DeleteMessage: { fields: ['QueueUrl', 'ReceiptHandle'], run: deleteMessage },
  GetQueueUrl: { fields: ['QueueName', 'QueueOwnerAWSAccountId'], run: getQueueUrl },
  GetQueueAttributes: { fields: ['QueueUrl', 'AttributeNames'], run: getQueueAttributes },
  ListQueues: { fields: ['QueueNamePrefix', 'MaxResults', 'NextToken'], run: listQueues },
};

export function* answerSqs(world: WireWorld, request: WireRequest, requestId: string): Process<WireResponse> {
  try {
    return respond(200, yield* carryOut(world, request), requestId);
  } catch (error) {
    if (!(error instanceof SqsError)) throw error;
    const response = respond(400, { __type: error.type, message: error.message }, requestId);
    return {
      ...response,
      headers: { ...response.headers, 'x-amzn-query-error': `${error.queryCode};Sender` },
    };
  }
}

function* carryOut(world: WireWorld, request: WireRequest): Process<object> {
  const target = request.headers['x-amz-target'] ?? '';
  const name = target.replace(/^AmazonSQS\./, '');
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (operation === undefined || name === target) {
    throw new SqsError(
      'com.amazon.coral.service#UnknownOperationException',
      'InvalidAction',
      `The operation ${target} is not known to this service.`,
    );
  }
  const answer = operation.run(world, fieldsOf(request.body, operation.fields), request);
  return Symbol.iterator in answer ? yield* answer : answer;
}

function respond(status: number, body: object, requestId: string): WireResponse {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': requestId },
    body: JSON.stringify(body),
  };
}
