# Draws theorem.svg; with  gnuplot -e "format='png'" theorem.gp  theorem.png
if (!exists("format")) format = "svg"
if (format eq "png") {
  set terminal pngcairo size 1260,720 font "DejaVu Sans,11" background "#ffffff"
  set output "theorem.png"
} else {
  set terminal svg size 1260,720 font "DejaVu Sans,11" background "#ffffff"
  set output "theorem.svg"
}
set encoding utf8
set border 3 linecolor rgb "#444444"
set tics nomirror textcolor rgb "#222222"
set grid ytics linecolor rgb "#dddddd" linetype 1 linewidth 0.5
set key font ",10" spacing 1.1
set style fill solid 0.8 noborder
set bars small
$data1 << EOD
-0.21 0.577817 0.521744 0.633891
0.79 0.392359 0.297227 0.487492
1.79 0.805776 0.64087 0.970681
2.79 0.750624 0.485929 1.01532
3.79 0.0199592 -0.00427452 0.044193
EOD
$data2 << EOD
-0.07 0.937609 0.924018 0.951199
0.93 0.973408 0.970663 0.976153
1.93 0.977142 0.970411 0.983872
2.93 0.976797 0.970419 0.983175
3.93 -0.00372954 -0.0230251 0.015566
EOD
$data3 << EOD
0.07 0.592473 0.550971 0.633976
1.07 0.427742 0.340716 0.514768
2.07 0.831334 0.704353 0.958316
3.07 0.814028 0.646237 0.981819
4.07 0.0193896 -0.00525608 0.0440353
EOD
$data4 << EOD
0.21 0.948336 0.942232 0.954439
1.21 0.972989 0.97022 0.975757
2.21 0.972305 0.96539 0.979221
3.21 0.97363 0.966483 0.980777
4.21 -0.00422922 -0.0227893 0.0143308
EOD
$data5 << EOD
-0.21 0.522984 0.484145 0.561823
0.79 0.328116 0.263454 0.392779
1.79 0.802396 0.686067 0.918726
2.79 0.743901 0.639054 0.848748
3.79 0.00252689 -0.00626348 0.0113173
EOD
$data6 << EOD
-0.07 0.664104 0.635662 0.692546
0.93 0.938033 0.933638 0.942429
1.93 0.940173 0.934254 0.946092
2.93 0.930494 0.922648 0.93834
3.93 -0.00600099 -0.0132999 0.00129789
EOD
$data7 << EOD
0.07 0.24523 0.228118 0.262341
1.07 0.362551 0.311035 0.414066
2.07 0.770214 0.672108 0.86832
3.07 0.718472 0.632641 0.804304
4.07 0.00274592 -0.00604088 0.0115327
EOD
$data8 << EOD
0.21 0.656071 0.625147 0.686994
1.21 0.932841 0.928489 0.937192
2.21 0.943438 0.93736 0.949516
3.21 0.931805 0.922901 0.940708
4.21 -0.0058152 -0.0133229 0.00169253
EOD
$data9 << EOD
-0.21 0.157969 0.150269 0.165669
0.79 0.252425 0.243646 0.261204
1.79 0.550198 0.536597 0.563799
2.79 0.516091 0.502604 0.529578
3.79 0.00129801 -0.00504453 0.00764055
EOD
$data10 << EOD
-0.07 0.85907 0.856952 0.861189
0.93 0.860194 0.856872 0.863516
1.93 0.905862 0.904385 0.907339
2.93 0.897974 0.89662 0.899328
3.93 -0.00461102 -0.0123496 0.00312761
EOD
$data11 << EOD
0.07 0.192832 0.173807 0.211856
1.07 0.275281 0.266521 0.28404
2.07 0.552049 0.538385 0.565714
3.07 0.518051 0.502943 0.533158
4.07 0.00144821 -0.00489115 0.00778758
EOD
$data12 << EOD
0.21 0.859071 0.85605 0.862091
1.21 0.861201 0.857896 0.864506
2.21 0.905138 0.90375 0.906526
3.21 0.897406 0.89592 0.898893
4.21 -0.00425625 -0.0121523 0.00363978
EOD
$data13 << EOD
-0.21 0.0337123 0.0317221 0.0357025
0.79 0.0456273 0.0444228 0.0468318
1.79 0.757354 0.741623 0.773085
2.79 0.613291 0.602334 0.624248
3.79 0.00162609 0.00133661 0.00191557
EOD
$data14 << EOD
-0.07 0.0556896 0.0539981 0.0573811
0.93 0.0740236 0.0723376 0.0757096
1.93 0.820416 0.81233 0.828503
2.93 0.706507 0.699381 0.713634
3.93 0.00143019 0.00115142 0.00170895
EOD
$data15 << EOD
0.07 0.0359395 0.0343221 0.0375569
1.07 0.0502146 0.0489893 0.05144
2.07 0.757851 0.739975 0.775726
3.07 0.625947 0.614349 0.637545
4.07 0.00158998 0.00130009 0.00187986
EOD
$data16 << EOD
0.21 0.0563714 0.0534367 0.0593062
1.21 0.0735537 0.0719413 0.075166
2.21 0.824793 0.81487 0.834716
3.21 0.705031 0.697162 0.712899
4.21 0.00137346 0.00110298 0.00164394
EOD
$data17 << EOD
16 0.864901 0.839964 0.889838
64 0.937609 0.924018 0.951199
256 0.956194 0.952624 0.959763
EOD
$data18 << EOD
16 0.890793 0.873524 0.908063
64 0.948336 0.942232 0.954439
256 0.962569 0.958696 0.966442
EOD
$data19 << EOD
500 0.910581 0.892103 0.929058
2000 0.937609 0.924018 0.951199
8000 0.937685 0.927607 0.947763
EOD
$data20 << EOD
500 0.922981 0.913121 0.932841
2000 0.948336 0.942232 0.954439
8000 0.950118 0.943385 0.956852
EOD
$data21 << EOD
-0.1 0.607382 0.58687 0.627895
0.9 0.679721 0.611154 0.748287
1.9 0.00639993 0.00588247 0.00691739
EOD
$data22 << EOD
0.1 0.939752 0.925846 0.953657
1.1 0.62901 0.603611 0.65441
2.1 0.99018 0.989311 0.99105
EOD
set multiplot layout 2,4 margins 0.05555555555555555,0.99,0.09,0.9 spacing 0.03968253968253968,0.2
set yrange [-0.1:1.05]
unset key
set ylabel "R = ‖E g‖² / E‖g‖²" offset 1.5
set label 900 "loss, at data" at screen 0.251587,0.965 left offset 1.2,0 point pointtype 4 pointsize 1 linecolor rgb "#56B4E9" font ",10"
set label 901 "margin, at data" at screen 0.359524,0.965 left offset 1.2,0 point pointtype 7 pointsize 1 linecolor rgb "#0072B2" font ",10"
set label 902 "loss, at distance ε" at screen 0.478571,0.965 left offset 1.2,0 point pointtype 6 pointsize 1 linecolor rgb "#E69F00" font ",10"
set label 903 "margin, at distance ε" at screen 0.619841,0.965 left offset 1.2,0 point pointtype 9 pointsize 1 linecolor rgb "#D55E00" font ",10"
set title "half-moons-noise-free"
set xrange [-0.5:4.5]
set xtics ("hmc" 0, "vi" 1, "ensemble" 2, "bootstrap" 3, "prior" 4) rotate by 20 right font ",9"
plot 0 notitle linecolor rgb "#888888" linewidth 0.7, $data1 using 1:2:3:4 with yerrorbars pointtype 4 pointsize 0.8 linecolor rgb "#56B4E9", \
  $data2 using 1:2:3:4 with yerrorbars pointtype 7 pointsize 0.8 linecolor rgb "#0072B2", \
  $data3 using 1:2:3:4 with yerrorbars pointtype 6 pointsize 0.8 linecolor rgb "#E69F00", \
  $data4 using 1:2:3:4 with yerrorbars pointtype 9 pointsize 0.8 linecolor rgb "#D55E00"
unset label 900
unset label 901
unset label 902
unset label 903
unset label 904
unset label 905
unset label 906
unset label 907
unset label 908
unset label 909
unset label 910
unset label 911
unset ylabel
set title "half-moons-in-10"
set xrange [-0.5:4.5]
set xtics ("hmc" 0, "vi" 1, "ensemble" 2, "bootstrap" 3, "prior" 4) rotate by 20 right font ",9"
plot 0 notitle linecolor rgb "#888888" linewidth 0.7, $data5 using 1:2:3:4 with yerrorbars pointtype 4 pointsize 0.8 linecolor rgb "#56B4E9", \
  $data6 using 1:2:3:4 with yerrorbars pointtype 7 pointsize 0.8 linecolor rgb "#0072B2", \
  $data7 using 1:2:3:4 with yerrorbars pointtype 6 pointsize 0.8 linecolor rgb "#E69F00", \
  $data8 using 1:2:3:4 with yerrorbars pointtype 9 pointsize 0.8 linecolor rgb "#D55E00"
set title "spheres-in-10"
set xrange [-0.5:4.5]
set xtics ("hmc" 0, "vi" 1, "ensemble" 2, "bootstrap" 3, "prior" 4) rotate by 20 right font ",9"
plot 0 notitle linecolor rgb "#888888" linewidth 0.7, $data9 using 1:2:3:4 with yerrorbars pointtype 4 pointsize 0.8 linecolor rgb "#56B4E9", \
  $data10 using 1:2:3:4 with yerrorbars pointtype 7 pointsize 0.8 linecolor rgb "#0072B2", \
  $data11 using 1:2:3:4 with yerrorbars pointtype 6 pointsize 0.8 linecolor rgb "#E69F00", \
  $data12 using 1:2:3:4 with yerrorbars pointtype 9 pointsize 0.8 linecolor rgb "#D55E00"
set title "mnist"
set xrange [-0.5:4.5]
set xtics ("hmc" 0, "vi" 1, "ensemble" 2, "bootstrap" 3, "prior" 4) rotate by 20 right font ",9"
plot 0 notitle linecolor rgb "#888888" linewidth 0.7, $data13 using 1:2:3:4 with yerrorbars pointtype 4 pointsize 0.8 linecolor rgb "#56B4E9", \
  $data14 using 1:2:3:4 with yerrorbars pointtype 7 pointsize 0.8 linecolor rgb "#0072B2", \
  $data15 using 1:2:3:4 with yerrorbars pointtype 6 pointsize 0.8 linecolor rgb "#E69F00", \
  $data16 using 1:2:3:4 with yerrorbars pointtype 9 pointsize 0.8 linecolor rgb "#D55E00"
set ylabel "R of the margin's gradient" offset 1.5
set xtics norotate autojustify font ",10"
set title "HMC on half-moons-noise-free"
set xlabel "hidden units"
set logscale x 2
set xrange [10.0:409.6]
set xtics (16, 64, 256)
plot 0 notitle linecolor rgb "#888888" linewidth 0.7, $data17 using 1:2:3:4 with yerrorbars pointtype 7 linecolor rgb "#0072B2" notitle, $data17 using 1:2 with lines linecolor rgb "#0072B2" notitle, \
  $data18 using 1:2:3:4 with yerrorbars pointtype 9 linecolor rgb "#D55E00" notitle, $data18 using 1:2 with lines linecolor rgb "#D55E00" notitle
unset ylabel
set title "HMC on half-moons-noise-free"
set xlabel "training points"
set logscale x 2
set xrange [312.5:12800.0]
set xtics (500, 2000, 8000)
plot 0 notitle linecolor rgb "#888888" linewidth 0.7, $data19 using 1:2:3:4 with yerrorbars pointtype 7 linecolor rgb "#0072B2" notitle, $data19 using 1:2 with lines linecolor rgb "#0072B2" notitle, \
  $data20 using 1:2:3:4 with yerrorbars pointtype 9 linecolor rgb "#D55E00" notitle, $data20 using 1:2 with lines linecolor rgb "#D55E00" notitle
unset ylabel
unset logscale x
unset xlabel
set title "HMC, margin, at the data"
set xrange [-0.5:2.5]
set xtics ("moons" 0, "moons-in-10" 1, "spheres-in-10" 2) font ",9"
set key at graph 0.5,-0.16 center top vertical
plot 0 notitle linecolor rgb "#888888" linewidth 0.7, $data21 using 1:2:3:4 with yerrorbars pointtype 7 linecolor rgb "#009E73" title "along the manifold", \
  $data22 using 1:2:3:4 with yerrorbars pointtype 5 linecolor rgb "#CC79A7" title "across it"
unset multiplot
