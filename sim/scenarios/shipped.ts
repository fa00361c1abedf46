/** The scenarios that come with the project, as files anybody could have written; sizes and sources stand in them. */
import s01 from './s01.json' with { type: 'json' };
import s02 from './s02.json' with { type: 'json' };
import s03 from './s03.json' with { type: 'json' };
import s04 from './s04.json' with { type: 'json' };
import s05 from './s05.json' with { type: 'json' };
import s06 from './s06.json' with { type: 'json' };
import s09 from './s09.json' with { type: 'json' };
import s10 from './s10.json' with { type: 'json' };
import s11 from './s11.json' with { type: 'json' };
import s12 from './s12.json' with { type: 'json' };
import s13 from './s13.json' with { type: 'json' };

/** By file name. */
export const SHIPPED: Readonly<Record<string, unknown>> = {
  's01.json': s01,
  's02.json': s02,
  's03.json': s03,
  's04.json': s04,
  's05.json': s05,
  's06.json': s06,
  's09.json': s09,
  's10.json': s10,
  's11.json': s11,
  's12.json': s12,
  's13.json': s13,
};
