declare module 'plotly.js-strict-dist-min' {
  const plotly: import('./plotly').Plotly
  export default plotly
}
