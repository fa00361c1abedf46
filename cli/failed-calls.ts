/** Which of an account's calls failed: adapters tell why a read of several calls failed, not which of them did. */
import { type AwsCall, troubleWith } from './call-trouble.ts';

export class FailedCalls {
  readonly #errors = new Map<AwsCall, unknown>();

  /** A client's middleware that hears of what is not answered. */
  heardOf(service: string) {
    return <I, O>(next: (args: I) => Promise<O>, { commandName = '' }: { readonly commandName?: string }) =>
      async (args: I): Promise<O> => {
        try {
          return await next(args);
        } catch (error) {
          this.#errors.set(`${service}:${commandName.replace(/Command$/, '')}`, error);
          throw error;
        }
      };
  }

  /** Why this call failed, if it did. */
  trouble(call: AwsCall): string | undefined {
    return this.#errors.has(call) ? troubleWith(call, this.#errors.get(call)) : undefined;
  }

  /** Why a read failed, with all calls that failed like it; `otherwise` where none did. */
  troubleWith(failure: { readonly code: string }, otherwise: AwsCall): string {
    const alike = [...this.#errors].filter(([, error]) => {
      const { name, code } = Object(error) as Readonly<Record<string, unknown>>;
      return failure.code === name || failure.code === code;
    });
    const calls = alike.map(([call]) => call).join(', ');
    // As a permission, each is one.
    return troubleWith(calls === '' ? otherwise : (calls as AwsCall), failure);
  }
}
