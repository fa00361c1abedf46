import type { Book, Granted, Listener, Sent } from '../book.ts';

/** Something that must hold whatever happens. Each hook answers what is wrong, or `undefined`. */
export interface Invariant {
  readonly name: string;
  /** One sentence, as a violation prints it. */
  readonly says: string;
  /** A mutating call of ours is about to leave; the book does not have it yet. */
  readonly sends?: (call: Sent, book: Book) => string | undefined;
  readonly answered?: (call: Sent, book: Book) => string | undefined;
  readonly granted?: (grant: Granted, book: Book) => string | undefined;
  /** EC2 carried a call out or refused it, anybody's. */
  readonly settled?: (
    record: Parameters<NonNullable<Listener['settled']>>[0],
    book: Book,
  ) => string | undefined;
  /** All is quiet, and three sweeps have looked since. */
  readonly ends?: (book: Book) => Promise<string | undefined> | string | undefined;
}
