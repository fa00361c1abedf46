/** What the doctor found, as a person reads it: a table, then each finding in full. No line is wider than {@link COLUMNS}. */
import type { Examined, Found } from '../lambdas/core/doctor/examine.ts';
import { many, type Price, type Severity } from '../lambdas/core/doctor/finding.ts';
import { type ClusterSeen, nodeSubnets, podsIn, settingsFor, typesOf } from '../lambdas/core/doctor/seen.ts';
import type { Look } from './doctor-read.ts';
import { COLUMNS } from './tables.ts';

/** Where the text of a finding begins. */
const INDENT = 15;

/** Makes text stand out; plain text stays as it is. */
export type Paint = (severity: Severity | 'strong', text: string) => string;

export function report(
  { seen, troubles, incomplete }: Look,
  examined: Examined,
  where: string,
  paint: Paint,
): string {
  const { findings, notJudged } = examined;
  const lines = [...wrapped(headline(seen, where), 0), ''];
  if (findings.length === 0)
    lines.push(
      notJudged.length === 0 ? 'Nothing to say against.' : 'Nothing to say against what could be read.',
      '',
    );
  else
    lines.push(
      ...table(findings, paint),
      '',
      ...findings.flatMap((found, index) => [...inFull(found, index + 1, paint), '']),
    );
  if (troubles.length > 0) lines.push('Not read:', ...troubles.flatMap((line) => hanging('  ', line)));
  if (notJudged.length > 0) {
    const byLack = Map.groupBy(notJudged, ({ lacks }) => lacks.join(', '));
    lines.push(
      ...[...byLack].flatMap(([lacks, rules]) =>
        hanging('  ', `without ${lacks} not judged: ${rules.map(({ rule }) => rule).join(', ')}`),
      ),
      '',
    );
  }
  if (incomplete.length > 0)
    lines.push(
      ...wrapped(
        `${many(incomplete.length, 'instance')} left out, because EC2 did not show all of them: ${incomplete.slice(0, 3).join(', ')}`,
        0,
      ),
      '',
    );
  return lines.join('\n');
}

/** What was looked at. */
function headline(seen: ClusterSeen, where: string): string {
  const { cluster, parts } = seen;
  const subnets = nodeSubnets(seen);
  const pods = podsIn(seen);
  const free = subnets.reduce((sum, { subnet }) => sum + subnet.freeAddresses, 0);
  return [
    `Cluster ${cluster.name}, ${where}`,
    parts.has('settings')
      ? `vpc-cni ${cluster.vpcCni?.version ?? 'by hand'}, ${modeOf(seen)}`
      : 'settings of the CNI not known',
    ...(parts.has('nodes') ? [nodesIn(seen)] : []),
    ...(pods === undefined ? [] : [`${many(pods, 'pod')} with an address`]),
    ...(parts.has('subnets')
      ? [`${many(subnets.length, 'subnet')} of nodes with ${free.toLocaleString('en-US')} free addresses`]
      : []),
  ].join('; ');
}

/** How many, of which types; types the CNI's table does not know are counted alone. */
function nodesIn(seen: ClusterSeen): string {
  const types = typesOf(seen).filter((each) => each.nodes.length > 0);
  const listed = types.map((each) => `${each.nodes.length} ${each.type}`);
  return `${many(seen.nodes.length, 'node')}${listed.length > 0 ? ` (${listed.join(', ')})` : ''}`;
}

function modeOf(seen: ClusterSeen): string {
  const mode = settingsFor(seen)?.mode;
  switch (mode?.kind) {
    case 'warm-eni':
      return `WARM_ENI_TARGET=${mode.warmEniTarget}`;
    case 'ip-targets':
      return `WARM_IP_TARGET=${mode.warmIpTarget}, MINIMUM_IP_TARGET=${mode.minimumIpTarget}`;
    case 'prefix':
      return `prefixes, WARM_PREFIX_TARGET=${mode.warmPrefixTarget}`;
    case 'prefix-ip-targets':
      return `prefixes, WARM_IP_TARGET=${mode.warmIpTarget}, MINIMUM_IP_TARGET=${mode.minimumIpTarget}`;
    case 'provisioning-disabled':
      return 'provisioning disabled';
    case undefined:
      return 'settings not known';
  }
}

function table(findings: readonly Found[], paint: Paint): string[] {
  const rule = Math.max('rule'.length, ...findings.map((each) => each.rule.length));
  const title = COLUMNS - 4 - 8 - rule - 2;
  const row = (number: string, severity: string, what: string, name: string): string =>
    `${number.padStart(2)}  ${severity}  ${what.padEnd(title)}  ${name}`.trimEnd();
  const rows = findings.flatMap((each, index) =>
    wrapTo(each.title, title).map((part, nth) =>
      nth === 0
        ? row(String(index + 1), paint(each.severity, each.severity.padEnd(6)), part, each.rule)
        : row('', ' '.repeat(6), part, ''),
    ),
  );
  return [
    row('', 'severe'.padEnd(6), 'what', 'rule').replace('severe', 'how   '),
    '-'.repeat(COLUMNS),
    ...rows,
  ];
}

function inFull(found: Found, number: number, paint: Paint): string[] {
  const { severity, title, evidence, consequence, remedy, price, source } = found;
  const part = (name: string, text: string): string[] => hanging(`   ${name.padEnd(INDENT - 3)}`, text);
  return [
    ...hanging(`${number}. `, title).map((line) => paint('strong', line)),
    ...part('how bad', `${severity} (${found.rule})`),
    ...part('evidence', evidence),
    ...part('consequence', consequence),
    ...part('remedy', remedy.says),
    ...remedy.commands.flatMap((words) => commandLines(words).map((line) => ' '.repeat(INDENT) + line)),
    ...part('price', priceIn(price)),
    ...part('source', source),
  ];
}

export function priceIn({ calls, addresses, rolls, also }: Price): string {
  const texts = [
    ...(calls > 0 ? [`about ${many(calls, 'EC2 call')}`] : []),
    ...(addresses === 0
      ? []
      : [
          `about ${Math.abs(addresses).toLocaleString('en-US')} addresses ${addresses > 0 ? 'more' : 'fewer'} held`,
        ]),
    ...(rolls > 0 ? [`aws-node restarts on ${many(rolls, 'node')}, 10 % at a time`] : []),
    ...(also === undefined ? [] : [also]),
  ];
  return texts.join('; ') || 'nothing';
}

/** Words as a shell takes them, broken where it does not matter: between words, and in JSON after a comma. */
export function commandLines(words: readonly string[]): string[] {
  const width = COLUMNS - INDENT;
  const lines: string[] = [];
  let line = '';
  for (const word of words.map(quoted)) {
    // Room for the backslash.
    if (line !== '' && line.length + 1 + word.length > width - 2) {
      lines.push(`${line} \\`);
      line = '  ';
    } else if (line !== '') line += ' ';
    line += word;
    while (line.length > width - 2) {
      const cut = lastComma(line.slice(0, width - 2));
      if (cut <= 0) break;
      lines.push(line.slice(0, cut + 1));
      line = line.slice(cut + 1);
    }
  }
  return [...lines, line];
}

/** The last comma that is not within a JSON text; -1 when there is none. */
function lastComma(line: string): number {
  let at = -1;
  let within = false;
  for (const [index, character] of [...line].entries()) {
    if (character === '"' && line[index - 1] !== '\\') within = !within;
    if (character === ',' && !within) at = index;
  }
  return at;
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

const wrapped = (text: string, indent: number): string[] => hanging(' '.repeat(indent), text);

/** The text beside `label`, its further lines below itself. */
function hanging(label: string, text: string): string[] {
  return wrapTo(text, COLUMNS - label.length).map(
    (part, nth) => `${nth === 0 ? label : ' '.repeat(label.length)}${part}`,
  );
}

function wrapTo(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    let rest = word;
    if (line !== '' && line.length + 1 + rest.length > width) {
      lines.push(line);
      line = '';
    }
    for (; rest.length > width; rest = rest.slice(width)) lines.push(rest.slice(0, width));
    line = line === '' ? rest : `${line} ${rest}`;
  }
  return [...lines, line];
}

/** The same as one JSON document. */
export function document(
  { seen, troubles, incomplete }: Look,
  { findings, notJudged }: Examined,
  where: string,
): unknown {
  return {
    cluster: seen.cluster.name,
    region: seen.region,
    where,
    at: new Date(seen.nowMs).toISOString(),
    nodes: seen.nodes.length,
    // Left out where they were not counted.
    pods: podsIn(seen),
    findings: findings.map(({ remedy, ...found }) => ({
      ...found,
      remedy: { says: remedy.says, commands: remedy.commands.map((words) => words.map(quoted).join(' ')) },
    })),
    notRead: troubles,
    notJudged,
    incomplete,
  };
}
