/** What is used of dynalite 4, which ships no types. */
declare module 'dynalite' {
  import type { Server } from 'node:http';
  /** A DynamoDB in memory. Times are in real ms. */
  export default function dynalite(options: { createTableMs: number }): Server;
}
