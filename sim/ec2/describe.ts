/** What the Describe actions share: filters and pages. */
import {
  ApiError,
  type CidrReservation,
  type Eni,
  type Filter,
  type Instance,
  type InstanceType,
  type PageRequest,
  type Subnet,
} from './api.ts';
import { refused } from './errors.ts';

/** The values an entity shows under a filter's name; `undefined` when EC2 knows no such filter. */
type Shows<T> = (entity: T, filter: string) => readonly string[] | undefined;

const tagValues = (tags: ReadonlyMap<string, string>, filter: string): readonly string[] | undefined => {
  if (filter === 'tag-key') return [...tags.keys()];
  if (!filter.startsWith('tag:')) return undefined;
  const value = tags.get(filter.slice(4));
  return value === undefined ? [] : [value];
};

export const showsEni: Shows<Eni> = (eni, filter) => {
  const { attachment } = eni;
  switch (filter) {
    case 'network-interface-id':
      return [eni.id];
    case 'subnet-id':
      return [eni.subnetId];
    case 'vpc-id':
      return [eni.vpcId];
    case 'availability-zone':
      return [eni.zone];
    case 'description':
      return [eni.description];
    case 'mac-address':
      return [eni.mac];
    case 'private-ip-address':
      return [eni.privateIp];
    case 'addresses.private-ip-address':
      return [eni.privateIp, ...eni.secondaryIps];
    case 'group-id':
      return eni.groups;
    case 'status':
      return [attachment === undefined ? 'available' : 'in-use'];
    case 'attachment.attachment-id':
      return attachment ? [attachment.id] : [];
    case 'attachment.instance-id':
      return attachment ? [attachment.instanceId] : [];
    case 'attachment.status':
      return attachment ? [attachment.status] : [];
    case 'attachment.device-index':
      return attachment ? [String(attachment.deviceIndex)] : [];
    default:
      return tagValues(eni.tags, filter);
  }
};

export const showsInstance: Shows<Instance> = (instance, filter) => {
  switch (filter) {
    case 'instance-id':
      return [instance.id];
    case 'instance-state-name':
      return [instance.state];
    case 'instance-type':
      return [instance.type];
    case 'subnet-id':
      return [instance.subnetId];
    case 'vpc-id':
      return [instance.vpcId];
    case 'availability-zone':
      return [instance.zone];
    case 'private-ip-address':
      return instance.enis.slice(0, 1).map((eni) => eni.privateIp);
    case 'network-interface.addresses.private-ip-address':
      return instance.enis.flatMap((eni) => [eni.privateIp, ...eni.secondaryIps]);
    case 'network-interface.network-interface-id':
      return instance.enis.map((eni) => eni.id);
    default:
      return tagValues(instance.tags, filter);
  }
};

export const showsSubnet: Shows<Pick<Subnet, 'id' | 'vpcId' | 'zone' | 'tags'>> = (subnet, filter) => {
  switch (filter) {
    case 'subnet-id':
      return [subnet.id];
    case 'vpc-id':
      return [subnet.vpcId];
    case 'availability-zone':
      return [subnet.zone];
    case 'state':
      return ['available'];
    default:
      return tagValues(subnet.tags, filter);
  }
};

/** The filters of GetSubnetCidrReservations (EC2 API reference); its `reservationType` and `subnet-id` are spelt so. */
export const showsReservation: Shows<CidrReservation> = (reservation, filter) => {
  switch (filter) {
    case 'reservationType':
      return [reservation.type];
    case 'subnet-id':
      return [reservation.subnetId];
    default:
      return tagValues(reservation.tags, filter);
  }
};

export const showsInstanceType: Shows<InstanceType> = (type, filter) => {
  switch (filter) {
    case 'instance-type':
      return [type.id];
    case 'hypervisor':
      return type.hypervisor === undefined ? [] : [type.hypervisor];
    case 'bare-metal':
      return [String(type.hypervisor === undefined)];
    case 'network-info.maximum-network-cards':
      return [String(type.networkCards)];
    case 'network-info.maximum-network-interfaces':
      return [String(type.networkCards * type.enisPerCard)];
    case 'network-info.ipv4-addresses-per-interface':
      return [String(type.ipv4PerEni)];
    default:
      return undefined;
  }
};

interface Question<T> {
  readonly page: PageRequest;
  /** Ids asked for by name, which exclude `maxResults`. */
  readonly ids: readonly string[] | undefined;
  readonly all: ReadonlyMap<string, T>;
  readonly shows: Shows<T>;
  readonly unknown: (ids: readonly string[]) => ApiError;
}

/** Values one filter may hold (EC2 API reference, Filter). */
const VALUES_PER_FILTER = 200;

/** The entities a question selects, and where the next page starts. Pages follow the order of creation. */
export function select<T extends { readonly id: string }>(
  question: Question<T>,
): { found: T[]; nextToken?: string } {
  const { page, ids, all, shows } = question;
  checkPage(page, ids);
  const filters = page.filters ?? [];
  for (const { values } of filters) {
    if (values.length > VALUES_PER_FILTER) {
      throw new ApiError(
        'FilterLimitExceeded',
        `The maximum number of filter values is ${VALUES_PER_FILTER}`,
      );
    }
  }
  const missing = ids?.filter((id) => !all.has(id)) ?? [];
  if (missing.length > 0) throw question.unknown(missing);
  const tests = filters.map(toTest);
  const limit = page.maxResults ?? Number.POSITIVE_INFINITY;
  const after = page.nextToken === undefined ? undefined : readToken(page.nextToken);
  let skipped = 0;
  const found: T[] = [];
  for (const entity of candidates(all, ids)) {
    if (!tests.every(({ name, test }) => test(known(shows(entity, name), name)))) continue;
    if (after !== undefined && skipped < after) {
      skipped++;
      continue;
    }
    if (found.length === limit) return { found, nextToken: writeToken((after ?? 0) + limit) };
    found.push(entity);
  }
  return { found };
}

function* candidates<T>(all: ReadonlyMap<string, T>, ids: readonly string[] | undefined): Iterable<T> {
  if (ids === undefined || ids.length === 0) {
    yield* all.values();
    return;
  }
  for (const id of new Set(ids)) {
    const entity = all.get(id);
    if (entity !== undefined) yield entity;
  }
}

/** `maxResults` is 5 to 1,000 and not to be combined with ids (EC2 API reference, each Describe action). */
function checkPage({ maxResults, nextToken }: PageRequest, ids: readonly string[] | undefined): void {
  if (maxResults === undefined) {
    if (nextToken !== undefined && ids !== undefined)
      throw refused.invalidCombination('nextToken excludes ids');
    return;
  }
  if (!Number.isInteger(maxResults) || maxResults < 5 || maxResults > 1000) {
    throw refused.invalidValue(
      `Value ( ${maxResults} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.`,
    );
  }
  if (ids !== undefined && ids.length > 0) {
    throw refused.invalidCombination(
      'The parameter maxResults cannot be used with a list of ids in the request',
    );
  }
}

function known(values: readonly string[] | undefined, filter: string): readonly string[] {
  if (values === undefined) throw refused.invalidValue(`The filter '${filter}' is invalid`);
  return values;
}

/** Values of one filter are alternatives; `*` and `?` are wildcards (EC2 API reference, Filter). */
function toTest({ name, values }: Filter): { name: string; test: (shown: readonly string[]) => boolean } {
  const plain = new Set<string>();
  const patterns: RegExp[] = [];
  for (const value of values) {
    if (!/[*?]/.test(value)) plain.add(value);
    else {
      const escaped = value
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replace(/\*/g, '.*')
        .replace(/\?/g, '.');
      patterns.push(new RegExp(`^${escaped}$`, 's'));
    }
  }
  return { name, test: (shown) => shown.some((v) => plain.has(v) || patterns.some((p) => p.test(v))) };
}

const writeToken = (skip: number): string => Buffer.from(`after:${skip}`).toString('base64url');

function readToken(token: string): number {
  const skip = /^after:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (skip === undefined) throw refused.badPage();
  return Number(skip);
}
