/** What is said of a call that was not answered: whatever form the trouble has, one line with the call and what to do. */
import { expect, test } from 'vitest';
import { troubleOf, troubleWith } from '../../cli/call-trouble.ts';

const CALL = 'ec2:DescribeSubnets';
const thrown = (name: string, message: string, code?: string): Error =>
  Object.assign(new Error(message), { name, ...(code !== undefined && { code }) });

test.each<[string, string]>([
  ['UnauthorizedOperation', 'denied: grant the permission ec2:DescribeSubnets'],
  ['AccessDenied', 'denied: grant the permission'],
  ['AccessDeniedException', 'denied: grant the permission'],
  ['403', 'refused: check whose credentials they are (aws sts get-caller-identity), and grant ec2:Desc'],
  ['401', 'the credentials are not accepted there'],
  ['InvalidClientTokenId', 'the credentials are not accepted there'],
  ['UnrecognizedClientException', 'the credentials are not accepted there'],
  ['AuthFailure', 'the credentials are not accepted there'],
  ['SignatureDoesNotMatch', 'the credentials are not accepted there'],
  ['InvalidSignatureException', 'the credentials are not accepted there'],
  ['CredentialsProviderError', 'no credentials found: sign in'],
  ['TokenProviderError', 'no credentials found: sign in'],
  ['ExpiredToken', 'the credentials have expired: sign in again'],
  ['ExpiredTokenException', 'the credentials have expired: sign in again'],
  ['RequestExpired', 'the credentials have expired: sign in again'],
  ['OptInRequired', 'the Region is not enabled for this account'],
  ['QueueDoesNotExist', 'no such queue there: take its URL from the stack’s outputs'],
  ['AWS.SimpleQueueService.NonExistentQueue', 'no such queue there'],
  ['ENOTFOUND', 'its address is not known: check the spelling of the Region'],
  ['EAI_AGAIN', 'its address is not known'],
  ['ECONNREFUSED', 'nobody answers at that address: check --endpoint'],
  ['SyntaxError', 'what answers there is not AWS'],
  ['Unknown', 'what answers there is not AWS'],
  ['MissingAuthenticationTokenException', 'what answers there is not AWS'],
  ['TimeoutError', 'no answer in time'],
  ['ETIMEDOUT', 'no answer in time'],
  ['RequestTimeout', 'no answer in time'],
  ['EHOSTUNREACH', 'no answer in time'],
  ['ENETUNREACH', 'no answer in time'],
])('%s: %s', (code, said) => {
  expect(troubleOf(CALL, code)).toMatch(`${CALL}: ${said}`);
  // As an adapter tells it, as the SDK throws it, as Node does.
  for (const failed of [{ code, message: 'no' }, thrown(code, 'no'), thrown('Error', 'no', code)])
    expect(troubleWith(CALL, failed)).toBe(troubleOf(CALL, code));
});

test.each<[string, unknown, string]>([
  [
    'a sign-in that has expired, which has no code of its own',
    thrown('CredentialsProviderError', 'The SSO session associated with this profile has expired.'),
    'the credentials have expired: sign in again (aws sso login)',
  ],
  ['of a code nobody knows, what AWS says', thrown('Strange', 'first line\nsecond'), 'Strange: first line'],
  ['no code, its words', new Error('the queue has no dead letters'), 'the queue has no dead letters'],
  ['a code and no words', thrown('Strange', ''), 'Strange'],
  ['a name that every object has is no code', thrown('toString', 'odd'), 'toString: odd'],
  ['nothing at all', undefined, 'failed'],
])('%s', (_, failed, said) => expect(troubleWith(CALL, failed)).toBe(`${CALL}: ${said}`));
