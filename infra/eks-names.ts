/** What there is in EKS, by name: all pages. Throws where EKS does not answer. */
import { type EKSClient, paginateListClusters, paginateListNodegroups } from '@aws-sdk/client-eks';

/** Of the account, in the client's Region. */
export const clusterNames = (client: EKSClient): Promise<string[]> =>
  namesIn(paginateListClusters({ client }, {}), ({ clusters }) => clusters);

/** Managed ones. */
export const nodeGroupNames = (client: EKSClient, clusterName: string): Promise<string[]> =>
  namesIn(paginateListNodegroups({ client }, { clusterName }), ({ nodegroups }) => nodegroups);

async function namesIn<T>(
  pages: AsyncIterable<T>,
  namesOf: (page: T) => readonly string[] | undefined,
): Promise<string[]> {
  const names: string[] = [];
  for await (const page of pages) names.push(...(namesOf(page) ?? []));
  return names;
}
