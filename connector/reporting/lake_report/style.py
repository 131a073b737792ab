"""How the page looks: quiet, in both schemes, on paper and on a phone."""

STYLE = """\
:root{color-scheme:light dark;--bg:#fff;--ink:#1c2024;--soft:#5b6470;--line:#d9dde2;--card:#f6f7f9;--blue:#2f6ea5;
--pale:#dbe7f2;--warn:#a3470b;--warnbg:#fdf1e7;--bad:#a8203a;--badbg:#fceef0;--good:#1f6f54;--goodbg:#e9f5f0}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--ink:#e4e7ea;--soft:#a0a9b4;--line:#343a41;--card:#1c2025;
--blue:#6ba6dc;--pale:#24384b;--warn:#f2a56b;--warnbg:#2c2119;--bad:#ff8fa3;--badbg:#2e1b20;--good:#72c8a6;
--goodbg:#182822}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
.page{max-width:64rem;margin:0 auto;padding:2.2rem 1.25rem 4rem}
.lake{margin:0;color:var(--soft);overflow-wrap:anywhere}
h1{font-size:1.75rem;line-height:1.25;font-weight:650;letter-spacing:-.01em;margin:.35rem 0 .6rem;text-wrap:balance;
overflow-wrap:anywhere}
h2{font-size:1.3rem;line-height:1.3;font-weight:650;margin:3rem 0 .5rem;padding-top:1rem;
border-top:1px solid var(--line);overflow-wrap:anywhere}
h3{font-size:1.08rem;font-weight:650;margin:2.1rem 0 .4rem;overflow-wrap:anywhere}
h4{font-size:.95rem;font-weight:600;margin:1.5rem 0 .3rem;color:var(--soft)}
p{margin:.3rem 0 .7rem}
.sub,.note{color:var(--soft)}.note{font-size:.88rem;margin:.35rem 0 1rem}
.badge{display:inline-block;font-size:.85rem;font-weight:650;border-radius:1rem;padding:.1rem .7rem;margin:.8rem 0 0;
border:1px solid}
.well{color:var(--good);background:var(--goodbg)}.look{color:var(--warn);background:var(--warnbg)}
.wrong{color:var(--bad);background:var(--badbg)}
.badge.well,.badge.look,.badge.wrong,.badge.part{border-color:currentColor}
ul.say{list-style:none;margin:.8rem 0;padding:0}
ul.say li{border-left:3px solid var(--line);padding:.25rem 0 .25rem .8rem;margin:.45rem 0;overflow-wrap:anywhere}
ul.say li.wrong{border-color:var(--bad)}ul.say li.look{border-color:var(--warn)}
ul.say li.wrong,ul.say li.look{color:inherit;background:none}
ul.say b{font-weight:650}li.wrong b{color:var(--bad)}li.look b{color:var(--warn)}
code{font:.86em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--card);
border:1px solid var(--line);border-radius:4px;padding:.08em .35em;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.9rem 1.4rem;margin:1.2rem 0 .6rem}
dl div{min-width:0}dt{font-size:.82rem;color:var(--soft)}dd{margin:0;font-size:1.08rem;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:.5rem 0 .3rem}
.scroll:focus-visible,summary:focus-visible,a:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;min-width:50%}
caption{text-align:left;color:var(--soft);font-size:.88rem;padding:0 0 .3rem}
th,td{padding:.28rem .95rem .28rem 0;text-align:left;font-weight:400;vertical-align:top;white-space:nowrap;
unicode-bidi:isolate}
thead th{color:var(--soft);font-size:.82rem;border-bottom:1px solid var(--line);vertical-align:bottom}
tbody tr+tr>*{border-top:1px solid var(--line)}
.paper h2+.scroll caption,.paper h3+.scroll caption{position:absolute;clip-path:inset(50%);width:1px;height:1px;
overflow:hidden}
td.w{white-space:normal;min-width:12rem;max-width:34rem;overflow-wrap:anywhere}
tr.total>*{font-weight:600}
tr.wrong>:first-child,tr.look>:first-child{box-shadow:inset 3px 0 0 currentColor;padding-left:.6rem}
tr.wrong,tr.look{background:none;color:inherit}tr.wrong>:first-child{color:var(--bad)}tr.look>:first-child{color:var(--warn)}
td code{white-space:nowrap;font-size:.82rem}
.n2 tr>:nth-child(2),.n3 tr>:nth-child(3),.n4 tr>:nth-child(4),.n5 tr>:nth-child(5),.n6 tr>:nth-child(6),
.n7 tr>:nth-child(7),.n8 tr>:nth-child(8){text-align:right}
details{margin:.6rem 0}summary{cursor:pointer;color:var(--blue);padding:.2rem 0}
nav ul{list-style:none;margin:.6rem 0;padding:0;display:flex;flex-wrap:wrap;gap:.3rem 1.1rem}
a{color:var(--blue)}
.charts{display:flex;flex-wrap:wrap;gap:.2rem 2rem;margin:.4rem 0}figure{margin:0;max-width:100%}
figcaption{color:var(--soft);font-size:.88rem;margin-bottom:.3rem}
.nb{display:inline-block;max-width:100%}.charts svg{max-width:100%;height:auto}
dl .all{grid-column:1/-1}dd span{display:inline-block;max-width:100%;margin-right:1.4rem}dd small{color:var(--soft)}
.part{color:var(--blue);background:var(--card)}
.legend{list-style:none;margin:.5rem 0;padding:0;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;font-size:.88rem}
.legend svg{vertical-align:-2px}
svg text{font-size:11px;fill:var(--soft)}svg .strong{font-weight:600;fill:var(--ink);font-size:12px}
svg.defs{position:absolute}
.complete,.bars{fill:var(--blue)}.pending{fill:url(#p-pending)}.parked{fill:url(#p-parked)}
.not_covered{fill:url(#p-not_covered)}
.running{fill:var(--bg);stroke:var(--blue);stroke-width:2;stroke-dasharray:3 2}
.pale{fill:var(--pale)}.ink{fill:var(--blue)}.gap{fill:var(--badbg)}.cross{stroke:var(--bad);stroke-width:1.2;
fill:none}
.damaged{fill:url(#p-damaged)}.loss{fill:var(--bad)}
.lines{stroke:var(--bg);stroke-width:2;fill:none}.axis{stroke:var(--line);fill:none}
.line{stroke:var(--blue);stroke-width:1.6;fill:none}.dots{fill:var(--blue)}
footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.88rem}
@media (max-width:40rem){.page{padding:1.4rem 1rem 3rem}h1{font-size:1.4rem}
dl{grid-template-columns:repeat(2,minmax(0,1fr))}
table{font-size:.76rem}th,td{padding-right:.5rem}tbody th{white-space:normal}
table:not([class]):has(td.w) :is(th,td){white-space:normal;padding-right:.6rem}
table:not([class]):has(td.w) td.w{min-width:9rem}}
@media print{
:root{color-scheme:light;--bg:#fff;--ink:#000;--soft:#444;--line:#bbb;--card:#fff;--blue:#2f6ea5;--pale:#dbe7f2;
--bad:#8a1029;--warn:#7a3300;--good:#14503c}
body{font-size:9.5pt}.page{max-width:none;padding:0}h1{font-size:17pt}nav{display:none}
.scroll{overflow:visible}table{font-size:7.5pt}th,td{padding-right:.6rem}td code{white-space:normal}
caption,thead th,dt,.note{font-size:8pt}
svg{max-width:100%;height:auto}
tr,svg,dl,figure,.charts,ul.say li{break-inside:avoid}
h2,h3,h4,caption,thead{break-after:avoid}thead{display:table-header-group}
details.screen:not([open]){display:none}
details::details-content{content-visibility:visible;block-size:auto}
.complete,.bars,.pending,.parked,.not_covered,.damaged,.badge{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
"""
