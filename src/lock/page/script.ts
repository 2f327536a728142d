/**
 * What keeps the page up to date, `/status/script.js`; a string, so that bundles need no file for it. Upon an event,
 * but at most once a second, and every few seconds besides, it fetches the page and puts its <main> in place.
 */
export const script = String.raw`'use strict'
{
  const leastPauseMs = 1_000
  const retryMs = 2_000
  const patienceMs = 5_000
  const listenAgainMs = 10_000
  const kinds = ['waiting', 'granted', 'released', 'left', 'gate', 'gated']

  const connection = document.getElementById('connection')
  let events
  let isListening = false
  let isReached = true
  let isPaused = false
  let isFetching = false
  let isWanted = false
  let fetchedAt = -Infinity
  let listenedAt = -Infinity
  let timer

  // Browsers have six connections to a host: pages that nobody sees take none.
  function look() {
    if (document.hidden) {
      events?.close()
      events = undefined
      isListening = false
      clearTimeout(timer)
    } else {
      listen()
      soon()
    }
  }

  function listen() {
    if (events !== undefined) return
    listenedAt = performance.now()
    const source = new EventSource('v1/events')
    events = source
    for (const kind of kinds) source.addEventListener(kind, soon)
    source.addEventListener('open', () => {
      isListening = true
      soon()
    })
    source.addEventListener('error', () => {
      if (events !== source) return
      isListening = false
      // The browser comes back by itself, unless it was refused.
      if (source.readyState === EventSource.CLOSED) events = undefined
      soon()
    })
  }

  function soon() {
    isWanted = true
    if (!isFetching) plan(fetchedAt + leastPauseMs - performance.now())
  }

  function plan(ms) {
    clearTimeout(timer)
    if (!document.hidden) timer = setTimeout(refresh, Math.max(0, ms))
  }

  async function refresh() {
    isFetching = true
    isWanted = false
    fetchedAt = performance.now()
    try {
      const response = await fetch('status', { cache: 'no-store', signal: AbortSignal.timeout(patienceMs) })
      const page = new DOMParser().parseFromString(await response.text(), 'text/html')
      // What a proxy says on its own is not the page.
      isReached = response.ok && page.querySelector('main[data-refresh-seconds]') !== null
      if (isReached) show(page)
    } catch {
      isReached = false
    }
    isFetching = false
    tell()
    if (isReached && performance.now() - listenedAt > listenAgainMs && !document.hidden) listen()
    const everyMs = Number(document.querySelector('main').dataset.refreshSeconds) * 1_000
    if (isWanted) soon()
    else plan(isReached ? everyMs : retryMs)
  }

  function show(page) {
    const before = document.querySelector('main')
    isPaused = isSelected(before)
    if (isPaused) return
    const after = document.adoptNode(page.querySelector('main'))
    for (const { id } of before.querySelectorAll('details[open]')) after.querySelector('#' + id)?.setAttribute('open', '')
    const focus = before.contains(document.activeElement) ? document.activeElement.id : ''
    const place = { left: scrollX, top: scrollY, behavior: 'instant' }
    before.replaceWith(after)
    if (focus !== '') document.getElementById(focus)?.focus({ preventScroll: true })
    scrollTo(place)
    document.title = page.title
  }

  function isSelected(element) {
    const selection = getSelection()
    return selection !== null && !selection.isCollapsed && element.contains(selection.anchorNode)
  }

  function tell() {
    if (!isReached) say('lost', 'Connection lost. Shown is ' + document.getElementById('as-of').textContent + '. Trying again.')
    else if (isPaused) say('paused', 'Paused while text is selected')
    else if (isListening) say('live', 'Live')
    else say('polling', 'Updated every few seconds')
  }

  // Only changes: screen readers tell what is put here.
  function say(state, text) {
    if (connection.dataset.state === state) return
    connection.dataset.state = state
    connection.textContent = text
  }

  document.addEventListener('visibilitychange', look)
  document.addEventListener('selectionchange', () => {
    if (isPaused && !isSelected(document.querySelector('main'))) soon()
  })
  look()
}
`
