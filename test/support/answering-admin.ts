import type { JoinedAdmin } from '../../src/cli/admin-cluster.ts'
import { askWith } from '../../src/cli/asker.ts'
import type { Removing } from '../../src/cli/remove-objects.ts'
import { PodSilentError } from '../../src/kube/ask-pod.ts'
import { atAddress } from '../../src/kube/cluster.ts'
import { PluginError } from '../../src/kube/exec-plugin.ts'
import { listAll, listPicked } from '../../src/kube/list-all.ts'
import { ApiError, requestJson } from '../../src/kube/request.ts'
import type { AnsweringApiServer } from './answering-api-server.ts'

/** An admin of an API server that knows what it answers, and what asks there. */
export function answeringAdmin({ url }: Pick<AnsweringApiServer, 'url'>): Removing {
  return adminAt(atAddress(url), url)
}

/** An admin of a cluster, and what asks there. */
export function adminAt(config: JoinedAdmin['config'], server: string): Removing {
  const kube = { ApiError, PluginError, PodSilentError, listAll, listPicked, requestJson }
  const admin = { kube, config, title: 'context test', server, namespace: undefined } as unknown as JoinedAdmin
  return { admin, asker: askWith(admin, new AbortController().signal) }
}
