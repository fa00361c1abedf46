/** Why AWS did not answer, in one line: the call, what is wrong, and what to do about it. */

/** As IAM writes it, for example `ec2:DescribeSubnets`: the call, and the permission it takes. */
export type AwsCall = `${string}:${string}`;

/** By AWS's code, or Node's. Sources: EC2 Developer Guide, error codes; IAM User Guide, common errors; Node.js, common system
 *  errors. */
const SAYS: Readonly<Record<string, (call: AwsCall) => string>> = {
  ...alike(
    ['UnauthorizedOperation', 'AccessDenied', 'AccessDeniedException'],
    (call) => `denied: grant the permission ${call}`,
  ),
  ...alike(
    ['CredentialsProviderError', 'TokenProviderError'],
    () => 'no credentials found: set AWS_PROFILE or --profile, or sign in (aws sso login, aws configure)',
  ),
  ...alike(
    ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired'],
    () => 'the credentials have expired: sign in again (aws sso login)',
  ),
  ...alike(
    ['InvalidClientTokenId', 'UnrecognizedClientException', 'AuthFailure', 'SignatureDoesNotMatch'],
    () =>
      'the credentials are not accepted there: check the profile, and that the Region is enabled for the account',
  ),
  OptInRequired: () => 'the Region is not enabled for this account: choose another --region',
  ...alike(
    ['ENOTFOUND', 'EAI_AGAIN'],
    () => 'its address is not known: check the spelling of --region, and the network',
  ),
  ECONNREFUSED: () => 'nobody answers at that address: check --endpoint, and that npm run sim is running',
  ...alike(
    ['TimeoutError', 'ETIMEDOUT', 'RequestTimeout', 'EHOSTUNREACH', 'ENETUNREACH'],
    () => 'no answer in time: check the network, a proxy or VPN',
  ),
};

function alike(
  codes: readonly string[],
  says: (call: AwsCall) => string,
): Record<string, (call: AwsCall) => string> {
  return Object.fromEntries(codes.map((code) => [code, says]));
}

/** Of a failure as adapters tell it, or of whatever an SDK client threw. */
export function troubleWith(call: AwsCall, failed: unknown): string {
  const { code, name, message } = Object(failed) as Readonly<Record<string, unknown>>;
  const codes = [code, name].filter((each) => typeof each === 'string');
  // An expired sign-in is told by its words alone.
  const text = typeof message === 'string' ? message.split('\n')[0] : '';
  if (/\b(session|token)\b.*\bexpired\b/i.test(text ?? '')) return `${call}: ${SAYS['ExpiredToken']?.(call)}`;
  const known = codes.find((each) => Object.hasOwn(SAYS, each));
  return known === undefined
    ? `${call}: ${codes[0] ?? 'failed'}: ${text}`
    : `${call}: ${SAYS[known]?.(call)}`;
}
