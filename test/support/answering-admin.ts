import type { JoinedAdmin } from '../../src/cli/admin-cluster.ts'
import { type Asker, askWith } from '../../src/cli/asker.ts'
import { PodSilentError } from '../../src/kube/ask-pod.ts'
import { atAddress } from '../../src/kube/cluster.ts'
import { PluginError } from '../../src/kube/exec-plugin.ts'
import { listAll, listPicked } from '../../src/kube/list-all.ts'
import { ApiError, requestJson } from '../../src/kube/request.ts'
import type { AnsweringApiServer } from './answering-api-server.ts'

/** An admin of an API server that knows what it answers, and what asks there. */
export function answeringAdmin({ url }: Pick<AnsweringApiServer, 'url'>): { readonly admin: JoinedAdmin; readonly asker: Asker } {
  const kube = { ApiError, PluginError, PodSilentError, listAll, listPicked, requestJson }
  const admin = { kube, config: atAddress(url), title: 'context test', server: url, namespace: undefined } as unknown as JoinedAdmin
  return { admin, asker: askWith(admin, new AbortController().signal) }
}
