/** EventBridge, for what is put on the default bus. Rules are the world's own. Source: EventBridge API reference, PutEvents. */
import * as z from 'zod';
import { ApiError } from '../ec2/api.ts';
import { type JsonService, operation } from './aws-json.ts';
import type { WireWorld } from './wire.ts';

/** Source: EventBridge quotas. */
const MAX_ENTRIES = 10;
/** Of all entries of a request, bytes. Newer texts say more (docs of January 2026): what fits here fits everywhere. */
const MAX_BYTES = 262_144;

const entry = z.strictObject({
  Source: z.string().optional(),
  DetailType: z.string().optional(),
  Detail: z.string().optional(),
  Resources: z.array(z.string()).optional(),
  EventBusName: z.literal('default').optional(),
});
type Entry = z.infer<typeof entry>;

const bytesOf = ({ Source = '', DetailType = '', Detail = '', Resources = [] }: Entry): number =>
  Buffer.byteLength([Source, DetailType, Detail, ...Resources].join(''));

export const EVENTS: JsonService = {
  version: '1.1',
  target: 'AWSEvents',
  operations: {
    /** Each entry succeeds or fails by itself, and the answer is a success all the same. */
    PutEvents: operation(
      z.strictObject({ Entries: z.array(entry).min(1).max(MAX_ENTRIES) }),
      (world, { Entries }) => {
        if (Entries.reduce((sum, each) => sum + bytesOf(each), 0) > MAX_BYTES)
          throw new ApiError(
            'ValidationException',
            'Total size of the entries in the request is over the limit.',
          );
        const answers = Entries.map((each) => put(world, each));
        return {
          FailedEntryCount: answers.filter((answer) => 'ErrorCode' in answer).length,
          Entries: answers,
        };
      },
    ),
  },
};

function put({ bus }: WireWorld, { Source, DetailType, Detail, Resources }: Entry): object {
  if (!Source)
    return refused(
      'InvalidArgument',
      'Parameter Source is not valid. Reason: Source is a required argument.',
    );
  if (!DetailType)
    return refused(
      'InvalidArgument',
      'Parameter DetailType is not valid. Reason: DetailType is a required argument.',
    );
  if (!Detail)
    return refused(
      'InvalidArgument',
      'Parameter Detail is not valid. Reason: Detail is a required argument.',
    );
  if (Source.startsWith('aws.'))
    return refused('NotAuthorizedForSourceException', 'Not authorized for the source.');
  const detail = objectIn(Detail);
  if (detail === undefined) return refused('MalformedDetail', 'Detail is malformed.');
  return { EventId: bus.put(Source, DetailType, detail, Resources).id };
}

const refused = (ErrorCode: string, ErrorMessage: string): object => ({ ErrorCode, ErrorMessage });

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
