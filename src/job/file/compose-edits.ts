import { type Document, isMap, isNode, isPair, isScalar, isSeq, type LineCounter, type Pair, Scalar, visit, YAMLMap, YAMLSeq } from 'yaml'
import { type Anchors, entryOf, isMerge, startOf, textOf } from './compose-nodes.ts'
import { quote } from './file-node.ts'
import { withoutNodeModes } from './mount-modes.ts'
import { slug } from './names.ts'
import type { FileProblem } from './report.ts'

/** Something about a place of a file of Compose. */
export interface Remark {
  readonly at: number
  readonly message: string
}

// Compose has no sizes: somebody must look.
const presumedSpace = '1G'
const bindHint = 'files of a node are not mounted; files become configs: {NAME: {file: ./FILE}}, data a volume with type shared or local'
const fileTypes: Readonly<Record<string, string>> = { bind: bindHint, tmpfs: 'use {type: local, path: …, space: …}', npipe: 'it is for Windows', image: 'put the files into the image of the container' }

/** Changes a file of Compose in place, where a job file says the same otherwise, and keeps what it could not carry over. */
export class ComposeEdits {
  readonly dropped: Remark[] = []
  readonly changed: Remark[] = []
  readonly #document: Document
  readonly #anchors: Anchors
  readonly #isSplit: boolean
  readonly #isFile: (path: string) => boolean
  /** What volumes are called now that were no DNS labels. */
  readonly #volumes = new Map<string, string>()
  /** Merged maps are those of several services. */
  readonly #done = new Set<YAMLMap>()

  /** @param isFile whether a path, from the folder of the file, is a file that a job can bring along. */
  constructor(document: Document, anchors: Anchors, isSplit: boolean, isFile: (path: string) => boolean) {
    this.#document = document
    this.#anchors = anchors
    this.#isSplit = isSplit
    this.#isFile = isFile
  }

  /** Takes out keys, which are found by their places. */
  takeOut(problems: readonly FileProblem[], lineCounter: LineCounter): void {
    const places = new Set(problems.map(({ line, column }) => `${line}:${column}`))
    visit(this.#document, {
      Map: (_, map) => {
        const [first] = map.items
        map.items = map.items.filter((pair) => {
          const { line, col } = lineCounter.linePos(startOf(pair))
          return !places.has(`${line}:${col}`)
        })
        // What stands at the head of a file is about the file.
        if (map === this.#document.contents && first !== map.items[0]) moveComment(first?.key, map.items[0]?.key)
      },
    })
  }

  /** Volumes of the top get a type and space, which Compose does not have, and names that are DNS labels. */
  editTop(): void {
    const volumes = this.#anchors.pairsOf(entryOf(this.#document.contents, 'volumes')?.value)
    const names = new Set(volumes.map(({ key }) => textOf(key)))
    for (const pair of volumes) {
      this.#renameVolume(pair, names)
      const own = this.#anchors.follow(pair.value)
      const map = isMap(own) ? own : new YAMLMap()
      if (isMap(own) && entryOf(own, 'type') !== undefined) continue
      const hasSpace = entryOf(map, 'space') !== undefined
      map.set(new Scalar('type'), new Scalar('shared'))
      if (!hasSpace) map.set(new Scalar('space'), new Scalar(presumedSpace))
      map.flow = true
      if (!isMap(own)) pair.value = map
      this.changed.push({ at: startOf(pair), message: `the volume ${textOf(pair.key)} outlives its containers in Compose, which shared does; how much space it needs is a guess. All instances write a shared one at once, and in an update the old one beside the new one: where that does harm, as to a database, have one instance and update: {order: stop-first}. type: local is gone with its instance, and needs no class that can be shared` })
    }
  }

  #renameVolume({ key }: Pair, names: Set<string | undefined>): void {
    const name = textOf(key) ?? ''
    const fit = slug(name)
    if (fit === name || fit === '' || names.has(fit) || !isScalar(key)) return
    names.add(fit)
    this.#volumes.set(name, fit)
    key.value = fit
    this.changed.push({ at: startOf(key), message: `the volume ${name} is called ${fit} now, since it must be a DNS label` })
  }

  /** What a service says otherwise than a container of a job, or of several. */
  editService(service: Pair, lineCounter: LineCounter): void {
    const name = textOf(service.key) ?? ''
    const layers = this.#anchors.layersOf(service.value)
    for (const map of layers) {
      if (this.#done.has(map)) continue
      this.#done.add(map)
      this.#editVolumes(this.#anchors.follow(entryOf(map, 'volumes')?.value), name, map === layers[0] ? map : undefined)
      this.#editPorts(this.#anchors.follow(entryOf(map, 'ports')?.value))
      this.#editExpose(map, name)
      const dependsOn = entryOf(map, 'depends_on')?.value
      for (const list of isSeq(this.#anchors.follow(dependsOn)) ? [this.#anchors.follow(dependsOn)] : this.#anchors.layersOf(dependsOn)) this.#editDependsOn(list, name)
    }
    if (layers.length > 0 && !layers.some((map) => entryOf(map, 'restart') !== undefined || entryOf(this.#anchors.follow(entryOf(map, 'deploy')?.value), 'restart_policy') !== undefined)) {
      this.changed.push({ at: startOf(service), message: `${name} would not be started again by Compose when it ends; a job does, unless restart says otherwise` })
    }
    const fit = slug(name)
    if (fit !== name && fit !== '' && isScalar(service.key)) {
      service.key.value = fit
      const lines = this.#linesWith(name, lineCounter)
      const where = lines.length === 0 ? '' : `; look at line ${lines.join(', ')}`
      this.changed.push({ at: startOf(service), message: `${name} is called ${fit} now, as a host, too, since it must be a DNS label${where}` })
    }
  }

  /** The lines of values in which a name stands as a word. */
  #linesWith(name: string, lineCounter: LineCounter): readonly number[] {
    const word = new RegExp(`(?<![-\\w])${RegExp.escape(name)}(?![-\\w])`)
    const lines = new Set<number>()
    visit(this.#document, {
      Scalar: (key, scalar, path) => {
        const parent = path.at(-2)
        const isDependency = path.some((each) => isPair(each) && isScalar(each.key) && each.key.value === 'depends_on')
        if (key !== 'key' && !isDependency && parent !== undefined && word.test(textOf(scalar) ?? '')) lines.add(lineCounter.linePos(startOf(scalar)).line)
      },
    })
    return [...lines]
  }

  /** A mounted file becomes a config. @param own where configs can be added, if that is so. */
  #editVolumes(list: unknown, service: string, own: YAMLMap | undefined): void {
    if (!isSeq(list)) return
    list.items = list.items.flatMap((item) => {
      this.#renameUse(item)
      const { text, left } = shortOf(item)
      const type = isMap(item) ? textOf(this.#anchors.follow(entryOf(item, 'type')?.value)) : undefined
      const [, source, target] = /^(\.[^:$]*):(\/[^:$]*)(?::(?:ro|rw))?$/.exec((type === 'bind' ? this.#shortBind(item) : text) ?? '') ?? []
      if (source !== undefined && target !== undefined && own !== undefined && this.#isFile(source)) {
        this.#addConfig(own, source, target)
        this.changed.push({ at: startOf(item), message: `the file ${source} of ${service} is a config that the job brings along: read-only, and as it is when the job is run` })
        return []
      }
      const hint = type === undefined || !Object.hasOwn(fileTypes, type) ? undefined : fileTypes[type]
      if (hint !== undefined || (text !== undefined && /^[./~$][^:]*:/.test(text))) {
        this.dropped.push({ at: startOf(item), message: `the volume ${text === undefined ? `of type ${type}` : quote(textOf(item) ?? '')} of ${service} is not supported: ${hint ?? bindHint}` })
        return []
      }
      if (left.length > 0 && isScalar(item)) {
        this.changed.push({ at: startOf(item), message: `${quote(textOf(item) ?? '')} of ${service}: ${left.join(' and ')} is left out: it is about files of a node, and a volume of a job has none` })
        item.value = text
      }
      if (text === undefined || !/^\/[^:]*$/.test(text)) return [item]
      this.changed.push({ at: startOf(item), message: `the volume ${text} of ${service} has no name: it is local, and gone with its instance; how much space it needs is a guess` })
      return [flowMap({ type: 'local', path: text, space: presumedSpace })]
    })
  }

  /** A bind that is written as a map, as it would be in one word. */
  #shortBind(item: unknown): string {
    const [source = '', target = ''] = ['source', 'target'].map((key) => textOf(this.#anchors.follow(entryOf(item, key)?.value)))
    return `${source}:${target}`
  }

  /** `NAME:PATH`, or a map with a source. */
  #renameUse(item: unknown): void {
    const named = isMap(item) ? (entryOf(item, 'source') ?? entryOf(item, 'name'))?.value : item
    const [name = '', ...rest] = (textOf(named) ?? '').split(':')
    const fit = this.#volumes.get(name)
    if (fit !== undefined && isScalar(named)) named.value = [fit, ...rest].join(':')
  }

  #addConfig(service: YAMLMap, file: string, target: string): void {
    const top = this.#document.contents
    const known = this.#anchors.follow(entryOf(top, 'configs')?.value)
    const configs = isMap(known) ? known : new YAMLMap()
    if (!isMap(known) && isMap(top)) top.set(new Scalar('configs'), configs)
    const plain = file.replace(/^.*\//, '').replaceAll(/[^-._a-zA-Z0-9]/g, '-')
    let name = plain
    for (let count = 2; ![undefined, file].includes(fileOf(configs, name)); count++) name = `${plain}-${count}`
    if (fileOf(configs, name) === undefined) configs.set(new Scalar(name), flowMap({ file }))
    const own = this.#anchors.follow(entryOf(service, 'configs')?.value)
    const uses = isSeq(own) ? own : new YAMLSeq()
    if (!isSeq(own)) service.set(new Scalar('configs'), uses)
    uses.items.push(flowMap({ source: name, target }))
  }

  #editPorts(list: unknown): void {
    for (const item of isSeq(list) ? list.items : []) {
      const text = textOf(item)
      const [, address, rest] = /^(\d{1,3}(?:\.\d{1,3}){3}|\[[^\]]*\]):(.*)$/.exec(text ?? '') ?? []
      if (address === undefined || rest === undefined || !isScalar(item)) continue
      const isOpen = rest.startsWith(':')
      item.value = isOpen ? rest.slice(1) : rest
      this.changed.push({ at: startOf(item), message: `${quote(text ?? '')}: the Service of a job has an address of its own, which the whole cluster reaches` })
    }
  }

  /** Siblings of one job reach each other anyhow; other jobs reach what its Service has. */
  #editExpose(map: YAMLMap, service: string): void {
    const entry = entryOf(map, 'expose')
    if (entry === undefined) return
    const ports = this.#anchors.follow(entry.value)
    map.items = map.items.filter((pair) => pair !== entry)
    if (!this.#isSplit || !isSeq(ports)) {
      this.changed.push({ at: startOf(entry), message: `expose of ${service} is left out: containers of one job reach each other at any port` })
      return
    }
    const own = this.#anchors.follow(entryOf(map, 'ports')?.value)
    const list = isSeq(own) ? own : new YAMLSeq()
    const targets = new Set(list.items.map((item) => /(\d+)(?:\/\w+)?$/.exec(textOf(item) ?? '')?.[1]))
    list.items.push(...ports.items.filter((item) => !targets.has(textOf(item)?.split('/')[0])))
    if (!isSeq(own)) map.set(new Scalar('ports'), list)
    this.changed.push({ at: startOf(entry), message: `expose of ${service} is in its ports now, by which other jobs reach it` })
  }

  #editDependsOn(node: unknown, service: string): void {
    if (isSeq(node)) {
      for (const item of node.items) this.#editDependency(item)
    }
    if (!isMap(node)) return
    node.items = node.items.filter((pair) => {
      if (isMerge(pair)) return true
      const condition = textOf(this.#anchors.follow(entryOf(this.#anchors.follow(pair.value), 'condition')?.value))
      if (this.#isSplit && condition === 'service_completed_successfully') {
        this.dropped.push({ at: startOf(pair), message: `${service} cannot wait until ${textOf(pair.key)} has completed, which is another job: nothing but healthy can be waited for` })
        return false
      }
      if (this.#isSplit && condition === 'service_started') {
        pair.value = flowMap({ condition: 'healthy' })
        this.changed.push({ at: startOf(pair), message: `${service} waits until the job ${textOf(pair.key)} is healthy, not only started` })
      }
      this.#editDependency(pair.key)
      return true
    })
  }

  #editDependency(name: unknown): void {
    if (!isScalar(name) || typeof name.value !== 'string' || name.value.includes('/')) return
    const fit = slug(name.value)
    name.value = this.#isSplit ? `job/${fit}` : fit
  }
}

function shortOf(item: unknown): { readonly text: string | undefined; readonly left: readonly string[] } {
  const text = textOf(item)
  return text === undefined ? { text, left: [] } : withoutNodeModes(text)
}

/** The file of a config; empty where it has none; undefined where there is no such config. */
function fileOf(configs: YAMLMap, name: string): string | undefined {
  const entry = entryOf(configs, name)
  return entry === undefined ? undefined : (textOf(entryOf(entry.value, 'file')?.value) ?? '')
}

/** Moves a comment from before one key to before another. */
export function moveComment(from: unknown, to: unknown): void {
  if (!isNode(from) || !isNode(to) || from.commentBefore == null) return
  to.commentBefore = [from.commentBefore, ...(to.commentBefore == null ? [] : [to.commentBefore])].join('\n')
  from.commentBefore = null
}

function flowMap(values: Readonly<Record<string, string>>): YAMLMap {
  const map = new YAMLMap()
  for (const [key, value] of Object.entries(values)) map.set(new Scalar(key), new Scalar(value))
  map.flow = true
  return map
}
