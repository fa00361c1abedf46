/** STS, for the one question every tool asks first: who am I? Source: STS API reference, GetCallerIdentity. */
import type { QueryService } from './aws-query.ts';

export const STS: QueryService = {
  version: '2011-06-15',
  namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  actions: {
    /** Every access key is good here: it names the session of one role that everybody plays. */
    GetCallerIdentity: ({ accountId }, { name }, from) => {
      from.end();
      return {
        Arn: `arn:aws:sts::${accountId}:assumed-role/simulated/${name}`,
        UserId: `AROASIMULATED00000000:${name}`,
        Account: accountId,
      };
    },
  },
};
