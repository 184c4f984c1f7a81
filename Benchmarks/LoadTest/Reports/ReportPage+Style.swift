extension ReportPage {
  /// The page's style sheet. Six colours for lines, apart also for those who see red and green alike.
  static let style = """
    :root{color-scheme:light dark;--bg:#f7f6f3;--card:#fff;--ink:#1d2027;--soft:#5e6470;\
    --line:#e4e2dc;--good:#1f7a4d;--bad:#b3261e;--c0:#2563c9;--c1:#d9731a;--c2:#1f8f7a;\
    --c3:#8e5bd0;--c4:#c2356f;--c5:#7a7f2a}
    @media(prefers-color-scheme:dark){:root{--bg:#14161b;--card:#1d2027;--ink:#e8e9ec;--soft:#a0a6b2;\
    --line:#31353f;--good:#5fc795;--bad:#ff8a80;--c0:#6ea8ff;--c1:#f5a25d;--c2:#53cdb4;\
    --c3:#bd98f5;--c4:#f57fab;--c5:#c5ca6a}}
    *{box-sizing:border-box;margin:0}
    body{background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",\
    "DejaVu Sans",sans-serif;padding:2.5rem 1rem}
    main{max-width:1120px;margin:0 auto;display:grid;gap:1.5rem}
    h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.01em}h2{font-size:1.05rem;line-height:1.3}
    header p,figcaption p,footer{color:var(--soft)}figcaption p,footer{font-size:.875rem}
    ul{list-style:none;padding:0}
    .verdicts{display:grid;gap:.5rem}
    .verdicts li{font-weight:600;padding:.6rem .9rem;border-radius:8px;background:var(--card);\
    border:1px solid var(--line);border-left:5px solid}
    .good{border-left-color:var(--good)!important;color:var(--good)}
    .bad{border-left-color:var(--bad)!important;color:var(--bad)}
    .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:1rem}
    .tiles li,figure,.table,.notes{background:var(--card);border:1px solid var(--line);\
    border-radius:12px;padding:1.1rem 1.25rem}
    .tiles li{color:var(--soft);font-size:.875rem}
    .tiles b{display:block;color:var(--ink);font-size:1.65rem;font-weight:650;line-height:1.25;\
    font-variant-numeric:tabular-nums}.tiles small{font-size:1rem;font-weight:500;color:var(--soft)}
    .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(460px,100%),1fr));gap:1rem}
    figcaption{display:grid;gap:.15rem;margin-bottom:.75rem}
    .legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.875rem;margin-top:.25rem}
    .legend i{display:inline-block;width:1.1em;height:3px;border-radius:2px;margin-right:.45em;\
    vertical-align:middle;background:currentColor}
    .c0{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}\
    .c4{color:var(--c4)}.c5{color:var(--c5)}
    svg{display:block;width:100%;height:auto;overflow:visible}
    svg text{fill:var(--soft);font-size:18px;font-variant-numeric:tabular-nums}
    .grid{stroke:var(--line);fill:none}
    .line{stroke:currentColor;stroke-width:2.5;fill:none;stroke-linejoin:round;stroke-linecap:round}
    .fill{fill:currentColor;opacity:.14}
    circle{fill:currentColor;opacity:0}circle:hover,.lone{opacity:1}
    .table{overflow-x:auto}
    table{border-collapse:collapse;width:100%;margin-top:.6rem;font-size:.9375rem}
    th,td{text-align:left;padding:.4rem .75rem .4rem 0;border-top:1px solid var(--line);\
    vertical-align:top;font-variant-numeric:tabular-nums}
    thead td,thead th{border-top:0}
    tbody th{font-weight:400;color:var(--soft);white-space:nowrap;padding-right:1.5rem}
    td{overflow-wrap:anywhere}
    .notes li{margin-top:.4rem;overflow-wrap:anywhere}
    @media(max-width:600px){tbody th{white-space:normal}body{padding:1.25rem .75rem}}
    @media print{body{background:#fff;padding:0}figure,.table{break-inside:avoid}}
    """
}
