/** What all commands do alike: one clear line for a wrong command line, and an exit code that means it. */
import { type Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Progress } from './progress.ts';

/** Wrong usage, or input that cannot be worked on. */
export const USAGE = 2;

/** A command's file: its options and help, and what it does once they are read. */
export interface Subcommand {
  readonly command: Command;
  /** The exit code. */
  run(command: Command): Promise<number>;
}

/** Parses the command line, `args` where it is not all of the process's. An exit code when that was the end of it: 0 after help,
 *  2 when it was wrong and said so. */
export function endsAtParsing(command: Command, args?: readonly string[]): number | undefined {
  command
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        const said = text
          .replace(/^error: /, '')
          .replace(/^option '(--[\w-]+).*?' argument '[\s\S]*' is invalid\. /, '$1: ')
          .trimEnd()
          .replaceAll('\n', ' ');
        // What says what it expected needs no more.
        write(
          said.includes('expected')
            ? `${said}\n`
            : `${said.replace(/\.$/, '')}: see ${command.name()} --help\n`,
        );
      },
    });
  try {
    if (args === undefined) command.parse();
    else command.parse(args, { from: 'user' });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : USAGE;
  }
}

/** Says why nothing was done, once the line of `progress` is away. The exit code. */
export function cannot(line: string, progress?: Progress): number {
  progress?.end();
  console.error(line);
  return USAGE;
}

/** Reads an option that is a whole number within bounds. */
export const whole =
  (from: number, to: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < from || value > to)
      throw new InvalidArgumentError(`expected a whole number from ${from} to ${to}, got "${text}"`);
    return value;
  };

/** Reads an option that may come again, each time another variable: `pattern` finds its name and its value. */
export const toAssignments =
  (pattern: RegExp, expected: string) =>
  (text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => {
    const [, name, value] = pattern.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw new InvalidArgumentError(`expected ${expected}, got "${text}"`);
    return { ...before, [name]: value };
  };

/** Reads an option that is where somebody listens. */
export function toUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError(`expected a URL such as http://127.0.0.1:4566, got "${text}"`);
  return text;
}
