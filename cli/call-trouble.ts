/** Why AWS did not answer, in one line: the call, what is wrong, and what to do about it. */

/** As IAM writes it, for example `ec2:DescribeSubnets`: the call, and the permission it takes. */
export type AwsCall = `${string}:${string}`;

type Says = (call: AwsCall) => string;

/** By AWS's code, Node's, or the HTTP status where that is all that is known. Sources: EC2 Developer Guide, error codes; IAM User
 *  Guide, common errors; SQS API reference, common errors; Node.js, common system errors. */
const SAYS: ReadonlyMap<string, Says> = new Map<string, Says>([
  ...alike(
    ['UnauthorizedOperation', 'AccessDenied', 'AccessDeniedException'],
    (call) => `denied: grant the permission ${call}`,
  ),
  ...alike(
    ['403'],
    (call) => `refused: check whose credentials they are (aws sts get-caller-identity), and grant ${call}`,
  ),
  ...alike(
    ['CredentialsProviderError', 'TokenProviderError'],
    () =>
      'no credentials found: sign in (aws sso login, aws configure), and check the profile if AWS_PROFILE or --profile names one',
  ),
  ...alike(
    ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired'],
    () => 'the credentials have expired: sign in again (aws sso login)',
  ),
  ...alike(
    [
      'InvalidClientTokenId',
      'UnrecognizedClientException',
      'AuthFailure',
      'SignatureDoesNotMatch',
      'InvalidSignatureException',
      '401',
    ],
    () =>
      'the credentials are not accepted there: check the profile (aws sts get-caller-identity), and that the Region is enabled ' +
      'for the account',
  ),
  ...alike(['OptInRequired'], () => 'the Region is not enabled for this account: choose another Region'),
  ...alike(
    ['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'],
    () => 'no such queue there: take its URL from the stack’s outputs, and check the Region',
  ),
  ...alike(
    ['ENOTFOUND', 'EAI_AGAIN'],
    () =>
      'its address is not known: check the spelling of the Region (--region, AWS_REGION), and the network',
  ),
  ...alike(
    ['ECONNREFUSED'],
    () => 'nobody answers at that address: check --endpoint, and that npm run sim is running',
  ),
  // Another server than AWS, such as a proxy's page.
  ...alike(
    ['SyntaxError', 'Unknown', 'MissingAuthenticationTokenException'],
    () => 'what answers there is not AWS: check --endpoint, a proxy or VPN',
  ),
  ...alike(
    ['TimeoutError', 'ETIMEDOUT', 'RequestTimeout', 'EHOSTUNREACH', 'ENETUNREACH'],
    () => 'no answer in time: check the network, a proxy or VPN',
  ),
]);

function alike(codes: readonly string[], says: Says): [string, Says][] {
  return codes.map((code) => [code, says]);
}

/** Where nothing but a code is known. `undefined`: of no code that this table has. */
export const troubleOf = (call: AwsCall, code: string): string | undefined => {
  const says = SAYS.get(code);
  return says && `${call}: ${says(call)}`;
};

/** Of a failure as adapters tell it, or of whatever an SDK client threw. */
export function troubleWith(call: AwsCall, failed: unknown): string {
  const { code, name, message } = Object(failed) as Readonly<Record<string, unknown>>;
  const codes = [code, name].filter((each) => typeof each === 'string');
  // An expired sign-in is told by its words alone.
  const text = typeof message === 'string' ? (message.split('\n')[0] ?? '') : '';
  if (/\b(session|token)\b.*\bexpired\b/i.test(text)) codes.unshift('ExpiredToken');
  for (const each of codes) {
    const trouble = troubleOf(call, each);
    if (trouble !== undefined) return trouble;
  }
  const told = [codes.find((each) => each !== 'Error') ?? '', text].filter((each) => each !== '');
  return [call, ...(told.length > 0 ? told : ['failed'])].join(': ');
}
