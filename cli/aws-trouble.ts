/** Why AWS was not reached, or would not: one line, with what to do about it. */

/** By the error's name, the system's code, or the HTTP status where that is all that is known. */
const REMEDIES: readonly (readonly [codes: readonly string[], remedy: string])[] = [
  [
    ['CredentialsProviderError'],
    'Sign in (aws sso login, aws configure), and name the profile as AWS_PROFILE if it is not the default',
  ],
  [
    ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired'],
    'The credentials have expired: sign in again',
  ],
  [
    [
      'InvalidClientTokenId',
      'UnrecognizedClientException',
      'SignatureDoesNotMatch',
      'InvalidSignatureException',
    ],
    'The credentials are not valid here: see whose they are with aws sts get-caller-identity',
  ],
  [
    ['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', '401', '403'],
    'Use credentials of the account that hold this right; aws sts get-caller-identity tells whose they are',
  ],
  [
    ['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'],
    "Look for the queue's URL in the stack's outputs, and say its Region as --region or AWS_REGION",
  ],
  [['ENOTFOUND', 'EAI_AGAIN'], 'Correct the Region (--region or AWS_REGION), or look at the network'],
  [['ECONNREFUSED'], 'Nobody listens there: start npm run sim, or leave the endpoint out to ask AWS'],
];

export const remedyFor = (code: string): string | undefined =>
  REMEDIES.find(([codes]) => codes.includes(code))?.[1];

/** `NAME: what it says. What to do` */
export function inOneLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  const said = `${error.name}: ${error.message}`.replaceAll(/\s+/g, ' ').replace(/\.$/, '');
  const remedy = remedyFor(error.name) ?? remedyFor(code ?? '');
  return remedy === undefined ? said : `${said}. ${remedy}`;
}
