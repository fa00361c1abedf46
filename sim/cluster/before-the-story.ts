/** EC2 for a node that was there before the world began: what its ipamd asks while it starts was asked long ago, so it
 *  takes no time, spends nobody's request bucket and is in no book. From `end` on it is the EC2 everybody has. */
import type { Account } from '../ec2/account.ts';
import type { Caller, Ec2, Ec2Action, Ec2Actions } from '../ec2/api.ts';
import type { Process } from '../kernel.ts';

export class BeforeTheStory implements Ec2 {
  readonly #account: Account;
  readonly #ec2: Ec2;
  #over = false;

  constructor(account: Account, ec2: Ec2) {
    this.#account = account;
    this.#ec2 = ec2;
  }

  end(): void {
    this.#over = true;
  }

  *call<A extends Ec2Action>(
    caller: Caller,
    action: A,
    input: Ec2Actions[A]['input'],
  ): Process<Ec2Actions[A]['output']> {
    if (this.#over) return yield* this.#ec2.call(caller, action, input);
    return this.#account.perform(action, input);
  }
}
