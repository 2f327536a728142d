import { Document, isMap, isNode, isScalar, isSeq, Pair, Scalar, visit, YAMLMap } from 'yaml'
import { moveComment, type Remark } from './compose-edits.ts'
import { composeOptions, entryOf, startOf, textOf } from './compose-nodes.ts'
import { slug } from './names.ts'

/** One job for each service of a document without aliases; `tell` is told what should be looked at. */
export function splitServices(document: Document, tell: (remark: Remark) => void): readonly Document[] {
  const services = entryOf(document.contents, 'services')?.value
  if (!isMap(services)) return []
  tellOfShared(document, services, tell)
  tellOfPorts(services, tell)
  const project = entryOf(document.contents, 'name')
  if (project !== undefined) tell({ at: startOf(project), message: `the name ${textOf(project.value)} is left out: each job has that of its service` })
  moveComment(services, services.items[0]?.key)
  return services.items.map((service, index) => {
    const job = new Document(undefined, composeOptions)
    const top = new YAMLMap()
    const name = slug(textOf(service.key) ?? '', 58)
    top.items.push(new Pair(new Scalar('name'), new Scalar(name)))
    for (const place of ['volumes', 'secrets', 'configs']) {
      const used = usedOf(document, service, place)
      if (used.items.length > 0) top.items.push(new Pair(new Scalar(place), used))
    }
    const containers = new YAMLMap()
    containers.items.push(service)
    top.items.push(new Pair(new Scalar('containers'), containers))
    job.contents = top
    if (index === 0) {
      job.commentBefore = document.commentBefore
      const { contents } = document
      if (isMap(contents)) moveComment(contents.items[0]?.key, top.items[0]?.key)
    }
    return job
  })
}

/** What of a place of the top a service names. */
function usedOf(document: Document, service: Pair, place: string): YAMLMap {
  const names = new Set(namesIn(service, place))
  const all = entryOf(document.contents, place)?.value
  const used = new YAMLMap()
  for (const pair of isMap(all) ? all.items : []) {
    if (names.has(textOf(pair.key) ?? '')) used.items.push(new Pair(isNode(pair.key) ? pair.key.clone() : pair.key, isNode(pair.value) ? pair.value.clone() : pair.value))
  }
  return used
}

function namesIn(service: Pair, place: string): readonly string[] {
  const list = entryOf(service.value, place)?.value
  return (isSeq(list) ? list.items : []).flatMap((item) => {
    const text = isScalar(item) ? textOf(item)?.split(':')[0] : (textOf(entryOf(item, 'source')?.value) ?? textOf(entryOf(item, 'name')?.value))
    return text ?? []
  })
}

function tellOfShared(document: Document, services: YAMLMap, tell: (remark: Remark) => void): void {
  const volumes = entryOf(document.contents, 'volumes')?.value
  for (const volume of isMap(volumes) ? volumes.items : []) {
    const name = textOf(volume.key) ?? ''
    const users = services.items.filter((service) => namesIn(service, 'volumes').includes(name)).map(({ key }) => textOf(key))
    if (users.length > 1) tell({ at: startOf(volume), message: `the volume ${name} is of ${users.join(' and ')}: as jobs of their own, each has one of its own; services that share files are one job` })
  }
}

/** By its name a job is reached at the ports of its Service alone; in Compose, at any. */
function tellOfPorts(services: YAMLMap, tell: (remark: Remark) => void): void {
  const awaited = new Set(services.items.flatMap(({ value }) => {
    const dependsOn = entryOf(value, 'depends_on')?.value
    const keys: readonly unknown[] = isSeq(dependsOn) ? dependsOn.items : isMap(dependsOn) ? dependsOn.items.map(({ key }) => key) : []
    return keys.map((key) => textOf(key)?.replace('job/', ''))
  }))
  const hosts = hostsIn(services.items)
  for (const service of services.items) {
    const name = textOf(service.key)
    if ((awaited.has(name) || isHost(service, hosts)) && entryOf(service.value, 'ports') === undefined) {
      tell({ at: startOf(service), message: `${name} has no ports: other jobs reach it by its name at the ports that it names, such as ports: [5432]` })
    }
  }
}

/** What variables name as hosts, and in which services. */
function hostsIn(services: readonly Pair[]): ReadonlyMap<string, ReadonlySet<Pair>> {
  const hosts = new Map<string, Set<Pair>>()
  for (const service of services) {
    const environment = entryOf(service.value, 'environment')?.value
    if (!isNode(environment)) continue
    visit(environment, {
      Scalar: (at, scalar) => {
        if (at === 'key') return
        for (const [host] of (textOf(scalar) ?? '').matchAll(/(?<![-\w.])[-\w]+(?=:\d|[/,\s]|$)/g)) hosts.set(host, (hosts.get(host) ?? new Set<Pair>()).add(service))
      },
    })
  }
  return hosts
}

/** Whether another service names one as a host: as it is called now, or as it was. */
function isHost(service: Pair, hosts: ReadonlyMap<string, ReadonlySet<Pair>>): boolean {
  const { key } = service
  return [textOf(key), isScalar(key) ? key.source : undefined].some((name) => {
    const users = hosts.get(name ?? '')
    return users !== undefined && (users.size > 1 || !users.has(service))
  })
}
