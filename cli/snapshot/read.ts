/** A snapshot file becomes a snapshot, or one line with every field that is wrong: its path, what was expected, what is there. */
import { readFile } from 'node:fs/promises';
import { check } from '../../lambdas/adapters/expectations.ts';
import { type Complaint, say } from '../../lambdas/core/complaints.ts';
import { inconsistencies } from './consistent.ts';
import { FORMAT, SNAPSHOT, type Snapshot, VERSION } from './format.ts';
import { brokenAt, pathAt } from './json-path.ts';

/** Of a file with many mistakes the first ones tell what happened to it. */
const MOST_SAID = 8;

export type SnapshotRead = { readonly snapshot: Snapshot } | { readonly complaint: string };

export async function readSnapshotFile(file: string): Promise<SnapshotRead> {
  try {
    return readSnapshotText(decoded(await readFile(file)), file);
  } catch (error) {
    return { complaint: `${file}: cannot be read: ${(error as Error).message}` };
  }
}

/** As UTF-8, or as UTF-16 where the first two bytes say so: the `>` of Windows PowerShell writes that. */
function decoded(content: Uint8Array): string {
  const utf16 = content[0] === 0xff && content[1] === 0xfe;
  return new TextDecoder(utf16 ? 'utf-16le' : 'utf-8').decode(content);
}

/** `file` names it in the complaint. */
export function readSnapshotText(content: string, file: string): SnapshotRead {
  let document: unknown;
  try {
    document = JSON.parse(content);
  } catch (error) {
    return { complaint: `${file}: ${notJson(content, error as Error)}` };
  }
  return readSnapshot(document, file);
}

export function readSnapshot(document: unknown, file: string): SnapshotRead {
  const refuse = (complaints: readonly Complaint[]): SnapshotRead => ({
    complaint: `${file}: ${sayFirst(complaints)}`,
  });
  // Of what another program or another version wrote, more than that is not worth saying.
  const foreign = notOurs(document);
  if (foreign !== undefined) return refuse([foreign]);
  const checked = check(SNAPSHOT, document, '');
  if (!checked.ok) return refuse(checked.complaints);
  const complaints = inconsistencies(checked.value);
  return complaints.length > 0 ? refuse(complaints) : { snapshot: checked.value };
}

function notJson(content: string, { message }: Error): string {
  const text = content.trimEnd();
  if (text === '') return 'the snapshot: expected a JSON document, got an empty file';
  const at = brokenAt(text);
  const path = pathAt(text, at) || 'the snapshot';
  const line = text.slice(0, at).split('\n').length;
  // What is quoted of the file may be longer than a line.
  const said = message.replace(/, (\.\.\.)?"[\s\S]*$/, '').replaceAll(/[\s\p{C}]+/gu, ' ');
  return at === text.length
    ? `${path}: expected the rest of the document, it ends here (line ${line}): copy it whole, or take the snapshot anew`
    : `${path}: expected JSON, line ${line} is none: ${said}`;
}

function notOurs(document: unknown): Complaint | undefined {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    return { field: 'the snapshot', expected: 'an object', got: document };
  const { format, version } = document as { readonly format?: unknown; readonly version?: unknown };
  if (format !== FORMAT)
    return { field: 'format', expected: `"${FORMAT}", as eks-ip-prewarmer snapshot writes it`, got: format };
  if (version !== VERSION)
    return {
      field: 'version',
      expected: `${VERSION}, the version this program reads: take the snapshot anew`,
      got: version,
    };
  return undefined;
}

function sayFirst(complaints: readonly Complaint[]): string {
  const said = complaints.slice(0, MOST_SAID).map(say);
  const more = complaints.length - said.length;
  return [...said, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** The pods somebody counted, where they are said to be as many on each node. */
export const withPods = (snapshot: Snapshot, { podsPerNode }: { readonly podsPerNode?: number }): Snapshot =>
  podsPerNode === undefined
    ? snapshot
    : { ...snapshot, nodes: snapshot.nodes.map((node) => ({ ...node, pods: podsPerNode })) };
