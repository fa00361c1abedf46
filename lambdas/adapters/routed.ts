/** What the policy says of events that name no workload: the announcement they stand for. */
import type { Complaint } from '../core/complaints.ts';
import { ignored } from '../core/ignored.ts';
import type { Policy } from '../core/policy.ts';
import { type Announce, type Happening, PARTS, routesFor, type Schedule } from '../core/routes.ts';
import type { Ignored, RolloutAnnounced } from '../core/signals.ts';
import { readAnnouncement } from './announcements.ts';
import { given } from './expectations.ts';

/** One announcement for each route that the event takes. Its id is derived from what the event is about, so that events that
 *  tell of one thing, and one event that comes twice, have one effect. */
export function readRouted(
  happening: Happening,
  routes: Policy['routes'],
  atMs: number,
): readonly (RolloutAnnounced | Ignored)[] {
  const { by, name, state, key } = happening;
  const taken = routesFor(happening, routes);
  if (taken.length === 0)
    return [
      ignored('no route', {
        field: 'policy.routes',
        expected: 'a route for the event',
        got: given({ [by]: name, [PARTS[by]]: state }),
      }),
    ];
  return taken.map(({ index, route }) =>
    announce(route.announce, {
      id: idOf(`${by}/${index}/${key}`),
      atMs,
      field: `policy.routes.${index}.announce`,
    }),
  );
}

export function readDue(
  name: string,
  schedules: Policy['schedules'],
  { atMs, id }: { readonly atMs: number; readonly id: string },
): RolloutAnnounced | Ignored {
  const schedule = Object.hasOwn(schedules, name) ? schedules[name] : undefined;
  if (schedule === undefined)
    return ignored('no route', {
      field: 'detail.schedule',
      expected: 'a schedule of the policy',
      got: name,
    });
  return announce(inLead(schedule), {
    id: idOf(`${name}/${id}`),
    atMs,
    field: `policy.schedules.${name}.announce`,
  });
}

const inLead = ({ announce: said, leadSeconds: startsInSeconds }: Schedule): Announce => ({
  ...said,
  startsInSeconds,
});

const idOf = (text: string): string => text.replace(/[^\w.:/=+@-]/g, '_').slice(0, 128);

type Place = Parameters<typeof readAnnouncement>[1];

function announce(said: Announce, place: Place): RolloutAnnounced | Ignored {
  const fixed = ONCE.filter((field) => Object.hasOwn(said, field));
  if (fixed.length === 0) return readAnnouncement(said, place);
  const expected = 'nothing: the event says it';
  return ignored(
    'malformed',
    ...fixed.map((field) => ({ field: `${place.field}.${field}`, expected, got: said[field] })),
  );
}
/** What is true of one rollout, and wrong of the next. */
const ONCE = ['announcementId', 'startsAt'] as const;

/** What is wrong with the announcements of a policy, before any event comes. */
export function complaintsOf({ routes, schedules }: Pick<Policy, 'routes' | 'schedules'>): Complaint[] {
  const now = { id: 'x', atMs: 0 };
  const read = [
    ...routes.map(({ announce: said }, index) => ({ said, field: `policy.routes.${index}.announce` })),
    ...Object.entries(schedules).map(([name, schedule]) => ({
      said: inLead(schedule),
      field: `policy.schedules.${name}.announce`,
    })),
  ];
  return read.flatMap(({ said, field }) => {
    const signal = announce(said, { ...now, field });
    return signal.kind === 'ignored'
      ? [{ field, expected: `an announcement (${signal.why})`, got: said }]
      : [];
  });
}
