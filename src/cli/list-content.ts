import { type Content, contentOf, seePod, seeWorkload, workloadKinds } from '../enable/content.ts'
import type { Asker } from './asker.ts'

/** What makes pods in a namespace, and of what it is not known, why. */
export interface ListedContent {
  readonly content: readonly Content[]
  readonly unseen: readonly string[]
}

/** Lists it, page by page; of each object its pod alone is kept. Never throws. */
export async function listContent(asker: Asker, namespace: string): Promise<ListedContent> {
  const [workloads, pods] = await Promise.all([
    Promise.all(
      workloadKinds.map((each) => {
        const path = `${each.apiVersion === 'v1' ? '/api' : '/apis'}/${each.apiVersion}/namespaces/${namespace}/${each.resource}`
        return asker.ask(each.resource, () => asker.listPicked(path, {}, (object) => seeWorkload(each, object)))
      }),
    ),
    asker.ask('pods', () => asker.listPicked(`/api/v1/namespaces/${namespace}/pods`, {}, seePod)),
  ])
  const seen = workloads.flatMap((asked) => (asked.kind === 'told' ? asked.value : []))
  return {
    content: contentOf(seen, pods.kind === 'told' ? pods.value : []),
    unseen: [...workloads, pods].flatMap((asked) => (asked.kind === 'told' ? [] : [asked.message])),
  }
}
