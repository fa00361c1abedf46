/**
 * The parameters of one EC2 Query request (`Filter.1.Value.2=…`). Each is taken out by the reader that knows it; what
 * nobody took is unknown, and refused. Codes and wording: EC2 Developer Guide, error codes for the EC2 API.
 */
import { ApiError } from '../ec2/api.ts';
import type { WireRequest } from './wire.ts';

/** All parameters of a request, wherever it put them: a form in the body, or the address, as typed by hand. */
export const formOf = ({ query = '', body }: Pick<WireRequest, 'query' | 'body'>): string =>
  [query, body].filter((part) => part !== '').join('&');

export class QueryParameters {
  readonly #left = new Map<string, string>();

  constructor(request: Pick<WireRequest, 'query' | 'body'>) {
    for (const [name, value] of new URLSearchParams(formOf(request))) {
      if (this.#left.has(name)) throw invalid(`Parameter ${name} may be given only once.`);
      this.#left.set(name, value);
    }
  }

  text(name: string): string | undefined {
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === '') {
      throw new ApiError('MissingParameter', `The request must contain the parameter ${name}`);
    }
    return value;
  }

  /** A whole number, zero or more. */
  count(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,9}$/.test(value)) throw invalid(`Value (${value}) for parameter ${name} is invalid.`);
    return Number(value);
  }

  requiredCount(name: string): number {
    const value = this.count(name);
    if (value === undefined) {
      throw new ApiError('MissingParameter', `The request must contain the parameter ${name}`);
    }
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (value !== 'true' && value !== 'false') {
      throw invalid(`Value (${value}) for parameter ${name} is invalid. Expected a boolean.`);
    }
    return value === 'true';
  }

  /** The values of `name.1`, `name.2`, …; `undefined` when there is none. */
  list(name: string): string[] | undefined {
    const values = this.members(name).map((member) => this.required(member));
    return values.length === 0 ? undefined : values;
  }

  /** The names `name.1`, `name.2`, … that have a value or something below them, in the order of their numbers. */
  members(name: string): string[] {
    const numbers = new Set<number>();
    for (const key of this.#left.keys()) {
      if (!key.startsWith(`${name}.`)) continue;
      const [number = ''] = key.slice(name.length + 1).split('.');
      if (/^[1-9]\d{0,5}$/.test(number)) numbers.add(Number(number));
    }
    return [...numbers].sort((a, b) => a - b).map((number) => `${name}.${number}`);
  }

  /** Refuses the first parameter that no reader took. */
  end(): void {
    for (const name of this.#left.keys()) {
      throw new ApiError('UnknownParameter', `The parameter ${name} is not recognized`);
    }
  }
}

export function invalid(message: string): ApiError {
  return new ApiError('InvalidParameterValue', message);
}
