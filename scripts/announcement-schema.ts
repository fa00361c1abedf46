/** `npm run schema`: writes docs/announcement.schema.json from the shape that the functions read announcements by. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { ANNOUNCEMENT } from '../lambdas/adapters/announcement-shape.ts';
import { jsonSchemaOf } from '../lambdas/adapters/expectations.ts';

const FILE = join(import.meta.dirname, '../docs/announcement.schema.json');

export const ANNOUNCEMENT_SCHEMA: string = `${JSON.stringify(
  {
    ...z.toJSONSchema(ANNOUNCEMENT, {
      io: 'input',
      target: 'draft-2020-12',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => Object.assign(jsonSchema, jsonSchemaOf(zodSchema)),
    }),
    title: 'Detail of a Deployment Announced event of eks-ip-prewarmer',
  },
  null,
  2,
)}\n`;

if (import.meta.main) writeFileSync(FILE, ANNOUNCEMENT_SCHEMA);
