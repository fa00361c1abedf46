/** The process an invoked function runs in: it is handed a bundle and an event, and tells its calls and its end. */
import { randomUUID } from 'node:crypto';
import { type Call, listenToCalls } from './invoke-calls.ts';

/** What Lambda makes of an error a function threw (Lambda Developer Guide, function errors in Node.js). */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export interface Invocation {
  readonly name: string;
  /** File of the bundle. */
  readonly bundle: string;
  readonly event: unknown;
  /** Unix time in ms at which the function will be stopped. */
  readonly untilMs: number;
}

/** What the parent hears, over the channel between the two. */
export type News =
  | { readonly order: number; readonly call: Call }
  | { readonly answer: unknown }
  | { readonly error: FunctionError };

const tell = (news: News, told: () => void = () => {}): void => {
  process.send?.(news, told);
};

listenToCalls((order, call) => tell({ order, call }));
process.once('message', (message) => {
  // As Lambda, which looks at a function no more once it has answered.
  void run(message as Invocation).then((news) => tell(news, () => process.exit()));
});

async function run({ name, bundle, event, untilMs }: Invocation): Promise<News> {
  const context = {
    functionName: name,
    awsRequestId: randomUUID(),
    getRemainingTimeInMillis: (): number => Math.max(0, untilMs - Date.now()),
  };
  try {
    const { handler } = await import(bundle);
    const answer: unknown = await handler(event, context);
    // Lambda hands on what JSON can say, and nothing as null.
    return { answer: JSON.parse(JSON.stringify(answer ?? null)) };
  } catch (error) {
    return { error: functionError(error) };
  }
}

function functionError(error: unknown): FunctionError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  const trace = (error.stack ?? '').split('\n');
  return { errorType: error.name, errorMessage: error.message, trace };
}
